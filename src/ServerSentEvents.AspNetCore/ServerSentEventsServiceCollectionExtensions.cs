using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ServerSentEvents;
using ServerSentEvents.AspNetCore.Internal;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers publishers of Server-Sent Events with an application.</summary>
/// <example>
/// <code>
/// builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 1_000);
/// </code>
/// </example>
public static class ServerSentEventsServiceCollectionExtensions
{
    /// <summary>
    /// Adds a <see cref="Publisher"/>, whose subscribers have any object for properties, or none; to be asked for by that
    /// type or by <c>Publisher&lt;object?&gt;</c>, and as an <see cref="IEventPublisher"/>, unless there is one already.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Has the last word on the options, behind those of the application's configuration.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>The publisher is one for the whole application, and made when it is first asked for. It is drained when the
    /// application begins to stop, so that every stream ends, and disposed of with the services.</para>
    /// <para>Its options are <see cref="PublisherOptions"/> as the application has configured them without a name
    /// (<c>services.Configure&lt;PublisherOptions&gt;(configuration.GetSection("ServerSentEvents"))</c>), for all publishers.
    /// Two defaults are other than the core's: <see cref="PublisherOptions.HeartbeatInterval"/> is 15 seconds, and
    /// <see cref="PublisherOptions.TimeProvider"/> is that of the services, where they have one. A value that is out of its
    /// range is refused when the publisher is made: <see cref="ArgumentException"/>.</para>
    /// <para>Called twice, it adds one publisher, configured by both. A publisher that the application has added as an
    /// instance of its own stays that, with its options, and is neither drained nor disposed of.</para>
    /// </remarks>
    public static IServiceCollection AddServerSentEvents(this IServiceCollection services, Action<PublisherOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddPublisher(services, configure, static options => new Publisher(options), static publisher => publisher.Drain());
        Forward<Publisher<object?>, Publisher>(services);
        Forward<IEventPublisher, Publisher>(services);
        return services;
    }

    /// <summary>
    /// Adds a <see cref="Publisher{TProperties}"/>, and as an <see cref="IEventPublisher"/>, unless there is one already.
    /// </summary>
    /// <typeparam name="TProperties">
    /// What the application knows of each subscriber. With <see cref="object"/>, it is the call without it.
    /// </typeparam>
    /// <inheritdoc cref="AddServerSentEvents(IServiceCollection, Action{PublisherOptions}?)"/>
    public static IServiceCollection AddServerSentEvents<TProperties>(
        this IServiceCollection services, Action<PublisherOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (typeof(TProperties) == typeof(object))
            return services.AddServerSentEvents(configure);
        AddPublisher(
            services, configure, static options => new Publisher<TProperties>(options), static publisher => publisher.Drain());
        Forward<IEventPublisher, Publisher<TProperties>>(services);
        return services;
    }

    /// <summary>Every publisher is a <see cref="Publisher{TProperties}"/> of something, which no common type says.</summary>
    private static void AddPublisher<TPublisher>(
        IServiceCollection services,
        Action<PublisherOptions>? configure,
        Func<PublisherOptions, TPublisher> make,
        Action<TPublisher> drain)
        where TPublisher : class
    {
        services.AddOptions();
        services.TryAddSingleton<IOptionsFactory<PublisherOptions>, PublisherOptionsFactory>();
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, EventStreamDescriptions>());
        if (configure is not null)
            services.AddSingleton(new PublisherSetup<TPublisher>(configure));
        services.TryAddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptionsFactory<PublisherOptions>>().Create(Options.Options.DefaultName);
            foreach (var setup in provider.GetServices<PublisherSetup<TPublisher>>())
                setup.Configure(options);
            var publisher = make(options);
            OpenStreams.Of(provider)?.DrainAtStop(() => drain(publisher));
            return publisher;
        });
    }

    /// <summary>
    /// Makes a publisher known by another type too, unless that is taken. An instance of the application's own as an instance:
    /// the services would dispose of what a function returns to them.
    /// </summary>
    private static void Forward<TService, TPublisher>(IServiceCollection services)
        where TService : class
        where TPublisher : class, TService
    {
        if (services.FirstOrDefault(service => service.ServiceType == typeof(TPublisher))?.ImplementationInstance is TPublisher own)
            services.TryAddSingleton<TService>(own);
        else
            services.TryAddSingleton<TService>(static provider => provider.GetRequiredService<TPublisher>());
    }
}
