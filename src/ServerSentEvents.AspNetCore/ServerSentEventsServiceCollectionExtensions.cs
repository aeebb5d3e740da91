using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServerSentEvents;
using ServerSentEvents.AspNetCore;
using ServerSentEvents.AspNetCore.Internal;
using ServerSentEvents.Internal;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Extension methods that register publishers.</summary>
/// <example>
/// <code>
/// using Microsoft.AspNetCore.Builder;
/// using Microsoft.Extensions.DependencyInjection;
///
/// var builder = WebApplication.CreateBuilder();
/// builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 1_000);
/// </code>
/// </example>
public static class ServerSentEventsServiceCollectionExtensions
{
    /// <summary>
    /// Registers a singleton <see cref="Publisher"/>. It is also available as <c>Publisher&lt;object?&gt;</c> and as
    /// <see cref="IEventPublisher"/>.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">A function that sets the options of this publisher. It runs when the publisher is created.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para><b>Lifetime.</b> The publisher is created when the application starts, or earlier if it is resolved before. It is
    /// drained when the application begins to stop, so that every stream ends, and it is disposed with the container. A
    /// publisher that the application has registered before as an instance stays: it keeps its options, and is not disposed.
    /// It is drained at the stop, too. So do not share an instance between hosts.</para>
    /// <para><b>Stop.</b> All streams end before the first handler of <see cref="Publisher{TProperties}.Unsubscribed"/> runs. The
    /// handlers of all publishers run one after the other, on a thread of the thread pool. The host waits up to a second for them before it
    /// stops its other services, and up to 5 seconds more before it disposes the services.</para>
    /// <para><b>Options.</b> Two defaults differ from the core: <see cref="PublisherOptions.HeartbeatInterval"/> is 15 seconds,
    /// and <see cref="PublisherOptions.TimeProvider"/> is the registered <see cref="TimeProvider"/>, if there is one. The last of
    /// these steps wins: <c>services.Configure&lt;PublisherOptions&gt;(...)</c>, which applies to all publishers; the calls of
    /// <c>AddServerSentEvents</c> for this publisher, with a function or with configuration, in their order;
    /// <c>services.PostConfigure&lt;PublisherOptions&gt;(...)</c>. A validation by
    /// <c>services.AddOptions&lt;PublisherOptions&gt;().Validate(...)</c> sees the final values of each publisher, at the start. A value
    /// that is out of its range makes the resolution of the publisher, and the start of the application, throw an
    /// <see cref="ArgumentException"/>.</para>
    /// <para><b>Several calls.</b> A second call for the same type adds no second publisher. Calls for different types add
    /// different publishers. <see cref="IEventPublisher"/> is ambiguous then, and its resolution throws an
    /// <see cref="InvalidOperationException"/>. A backplane and a registration of <see cref="IEventPublisher"/> by the
    /// application take precedence, before and after this call.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddServerSentEvents(
        this IServiceCollection services, Action<PublisherOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddPublisher<Publisher, object?>(services, configure, static options => new Publisher(options));
        if (InstanceOf<Publisher>(services) is { } instance)
            services.TryAddSingleton<Publisher<object?>>(instance);
        else
            services.TryAddSingleton<Publisher<object?>>(static provider => provider.GetRequiredService<Publisher>());
        return services;
    }

    /// <summary>
    /// Registers a singleton <see cref="Publisher{TProperties}"/>. It is also available as <see cref="IEventPublisher"/>.
    /// </summary>
    /// <typeparam name="TProperties">
    /// The data that the application attaches to each subscriber. <see cref="object"/> registers a <see cref="Publisher"/>.
    /// </typeparam>
    /// <inheritdoc cref="AddServerSentEvents(IServiceCollection, Action{PublisherOptions}?)"/>
    public static IServiceCollection AddServerSentEvents<TProperties>(
        this IServiceCollection services, Action<PublisherOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (typeof(TProperties) == typeof(object))
            return services.AddServerSentEvents(configure);
        AddPublisher<Publisher<TProperties>, TProperties>(services, configure, static options => new Publisher<TProperties>(options));
        return services;
    }

    /// <summary>
    /// Registers a singleton <see cref="Publisher"/> with options from configuration. It is also available as
    /// <c>Publisher&lt;object?&gt;</c> and as <see cref="IEventPublisher"/>.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">
    /// The section with the options, such as <c>configuration.GetSection("ServerSentEvents")</c>. It is read when the publisher
    /// is created, and when the stream options are first used; later changes have no effect.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>The keys are the names of the properties of <see cref="PublisherOptions"/> and <see cref="EventStreamOptions"/>, in any
    /// case. <see cref="EventStreamOptions"/> apply to the whole application. Other keys are ignored. Durations are written as
    /// <c>hh:mm:ss</c> or <c>d.hh:mm:ss</c>, with hours from 0 to 23. Null or an empty value sets an option that can be null to null:
    /// an empty <c>HeartbeatInterval</c> switches heartbeats off.
    /// <see cref="PublisherOptions.GapEvent"/> and <see cref="PublisherOptions.TimeProvider"/> can only be set in code;
    /// their keys are refused.</para>
    /// <para>A value that cannot be read or is out of its range stops the start of the application with an
    /// <see cref="InvalidOperationException"/> that names the key. The resolution of the publisher, or the mapping of an endpoint, can
    /// throw it earlier.</para>
    /// <para>No reflection is used, so the method is safe for trimming and NativeAOT. Otherwise, it works as
    /// <see cref="AddServerSentEvents(IServiceCollection, Action{PublisherOptions}?)"/>: of several calls for one publisher, the
    /// last call wins. Call that method after this one to override configuration in code.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEvents(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.Configure<EventStreamOptions>(options => OptionsConfiguration.Apply(configuration, options));
        return services.AddServerSentEvents(options => OptionsConfiguration.Apply(configuration, options));
    }

    /// <summary>
    /// Registers a singleton <see cref="Publisher{TProperties}"/> with options from configuration. It is also available as
    /// <see cref="IEventPublisher"/>.
    /// </summary>
    /// <typeparam name="TProperties">
    /// The data that the application attaches to each subscriber. <see cref="object"/> registers a <see cref="Publisher"/>.
    /// </typeparam>
    /// <inheritdoc cref="AddServerSentEvents(IServiceCollection, IConfiguration)"/>
    public static IServiceCollection AddServerSentEvents<TProperties>(
        this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.Configure<EventStreamOptions>(options => OptionsConfiguration.Apply(configuration, options));
        return services.AddServerSentEvents<TProperties>(options => OptionsConfiguration.Apply(configuration, options));
    }

    private static void AddPublisher<TPublisher, TProperties>(
        IServiceCollection services, Action<PublisherOptions>? configure, Func<PublisherOptions, TPublisher> create)
        where TPublisher : Publisher<TProperties>
    {
        services.AddOptions();
        services.TryAddSingleton<IOptionsFactory<PublisherOptions>, SharedPublisherOptionsFactory>();
        services.TryAddSingleton<PublisherOptionsFactory<TPublisher>>();
        if (configure is not null)
            services.AddSingleton(new PublisherSetup<TPublisher>(configure));
        // Needs no service of the host: a log provider can publish, and those services would need the log.
        services.TryAddSingleton(provider =>
            create(provider.GetRequiredService<PublisherOptionsFactory<TPublisher>>().Create(Options.Options.DefaultName)));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PublisherStart<TPublisher, TProperties>>());
        EventPublisherDescriptor.Add(services, InstanceOf<TPublisher>(services), services.TryAdd);
    }

    /// <summary>
    /// Returns the publisher that the application has registered as an instance, or null. It must be forwarded as an instance
    /// too: the container disposes what a function returns.
    /// </summary>
    private static TPublisher? InstanceOf<TPublisher>(IServiceCollection services)
        where TPublisher : class =>
        services.LastOrDefault(service => service.ServiceType == typeof(TPublisher) && !service.IsKeyedService)
            ?.ImplementationInstance as TPublisher;
}
