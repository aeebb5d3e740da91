using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.Internal;

/// <summary>The registration of <see cref="IEventPublisher"/> by a package, with the types of the registered publishers.</summary>
/// <remarks>
/// The packages for ASP.NET Core and for backplanes both compile this file. So each has its own type: backplanes are ambiguous
/// among themselves, and not with the publishers of the node.
/// </remarks>
internal sealed class EventPublisherDescriptor : ServiceDescriptor
{
    private readonly Type[] _publishers;

    private EventPublisherDescriptor(Type publisher, object instance)
        : base(typeof(IEventPublisher), instance) => _publishers = [publisher];

    private EventPublisherDescriptor(Type[] publishers, Func<IServiceProvider, object> get)
        : base(typeof(IEventPublisher), get, ServiceLifetime.Singleton) => _publishers = publishers;

    /// <summary>
    /// Registers a publisher as the <see cref="IEventPublisher"/>. If this package has registered another publisher, resolving
    /// the service fails.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="instance">The publisher that the application has created, which the container must not dispose; null for none.</param>
    /// <param name="addFirst">Adds the first registration, such as <c>TryAdd</c> or <c>Replace</c>.</param>
    internal static void Add<TPublisher>(IServiceCollection services, TPublisher? instance, Action<ServiceDescriptor> addFirst)
        where TPublisher : class, IEventPublisher
    {
        if (services.OfType<EventPublisherDescriptor>().FirstOrDefault() is not { } added)
        {
            addFirst(instance is null
                ? new EventPublisherDescriptor([typeof(TPublisher)], static provider => provider.GetRequiredService<TPublisher>())
                : new EventPublisherDescriptor(typeof(TPublisher), instance));
            return;
        }

        if (added._publishers.Contains(typeof(TPublisher)))
            return;
        Type[] publishers = [.. added._publishers, typeof(TPublisher)];
        // In the same place: a later registration of the application keeps its precedence.
        services[services.IndexOf(added)] = new EventPublisherDescriptor(publishers, _ => throw Ambiguous(publishers));
    }

    private static InvalidOperationException Ambiguous(Type[] publishers)
    {
        var names = publishers.Select(NameOf).ToArray();
        return new(
            $"IEventPublisher is ambiguous: {string.Join(" and ", names)} are registered. "
            + "Ask for one of these types, or choose one after them: "
            + $"services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<{names[0]}>()).");
    }

    /// <summary>Returns the name of a type as it is written in C#.</summary>
    internal static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;
}
