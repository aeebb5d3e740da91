using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The registration of <see cref="IEventPublisher"/> by this package, with the types of the registered publishers.</summary>
internal sealed class EventPublisherDescriptor : ServiceDescriptor
{
    private readonly Type[] _publishers;

    private EventPublisherDescriptor(Type publisher, object instance)
        : base(typeof(IEventPublisher), instance) => _publishers = [publisher];

    private EventPublisherDescriptor(Type[] publishers, Func<IServiceProvider, object> get)
        : base(typeof(IEventPublisher), get, ServiceLifetime.Singleton) => _publishers = publishers;

    /// <summary>
    /// Registers a publisher as the <see cref="IEventPublisher"/>. If this package has registered another publisher, resolving
    /// the service fails. A registration of the application or of a backplane stays.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="instance">The publisher that the application has created, which the container must not dispose; null for none.</param>
    internal static void Add<TPublisher>(IServiceCollection services, TPublisher? instance)
        where TPublisher : class, IEventPublisher
    {
        if (services.OfType<EventPublisherDescriptor>().FirstOrDefault() is not { } added)
        {
            services.TryAdd(instance is null
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
        var names = publishers.Select(ServerSentEventsEndpointRouteBuilderExtensions.NameOf).ToArray();
        return new(
            $"IEventPublisher is ambiguous: {string.Join(" and ", names)} are registered. "
            + "Ask for one of these types, or choose one: "
            + $"services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<{names[0]}>()).");
    }
}
