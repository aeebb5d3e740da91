using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using ServerSentEvents;
using ServerSentEvents.Backplane;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Internal;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Extension methods that register backplanes, for the author of a broker's package.</summary>
[Experimental(StreamTransport.DiagnosticId)]
public static class BackplaneServiceCollectionExtensions
{
    /// <summary>
    /// Registers a singleton publisher, also as <see cref="IEventPublisher"/>, with a hosted service and a health check.
    /// </summary>
    /// <remarks>
    /// <para>The hosted service starts the publisher before the other hosted services, and disposes it after they have stopped. The
    /// health check has the tag <c>ready</c>.</para>
    /// <para>A second call for the same type has no effect: its functions are never called. Calls for different types add different
    /// publishers. <see cref="IEventPublisher"/> is then ambiguous, and its resolution throws an
    /// <see cref="InvalidOperationException"/>, unless the application registers one of them as <see cref="IEventPublisher"/>
    /// later.</para>
    /// </remarks>
    /// <typeparam name="TPublisher">The type of the publisher.</typeparam>
    /// <typeparam name="TOptions">The type of the publisher's options.</typeparam>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">
    /// A function that sets the options. It runs when the publisher is created. <see cref="StreamPublisherOptions.LoggerFactory"/> and
    /// <see cref="StreamPublisherOptions.TimeProvider"/> are then already those of the services, if they have them.
    /// </param>
    /// <param name="create">A function that creates the publisher from the services and the options.</param>
    /// <param name="healthCheckName">The name of the health check.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsBackplane<TPublisher, TOptions>(
        this IServiceCollection services, Action<TOptions> configure, Func<IServiceProvider, TOptions, TPublisher> create, string healthCheckName)
        where TPublisher : StreamPublisher
        where TOptions : StreamPublisherOptions, new()
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(healthCheckName);
        if (services.Any(service => service.ServiceType == typeof(TPublisher) && !service.IsKeyedService))
            return services;
        services.AddSingleton(provider =>
        {
            var options = new TOptions
            {
                LoggerFactory = provider.GetService<ILoggerFactory>(),
                TimeProvider = provider.GetService<TimeProvider>() ?? TimeProvider.System,
            };
            configure(options);
            return create(provider, options);
        });
        EventPublisherDescriptor.Add<TPublisher>(services, instance: null, first => services.Replace(first));
        services.AddSingleton<Hosting.IHostedService>(
            static provider => new BackplaneService(provider.GetRequiredService<TPublisher>()));
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            healthCheckName,
            static provider => new BackplaneHealthCheck(provider.GetRequiredService<TPublisher>()),
            failureStatus: HealthStatus.Unhealthy,
            tags: ["ready"]));
        return services;
    }

    /// <summary>Returns the publisher of this node, for the function that creates a backplane.</summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="provider">The services.</param>
    /// <param name="method">
    /// The name of the method that registers the backplane, without type arguments, for the message of the exception. The default is
    /// the name of the calling method.
    /// </param>
    /// <returns>The publisher.</returns>
    /// <exception cref="ArgumentNullException">The provider is null.</exception>
    /// <exception cref="InvalidOperationException">No publisher of this type is registered. The message says what to add.</exception>
    public static Publisher<TProperties> GetRequiredPublisher<TProperties>(
        this IServiceProvider provider, [CallerMemberName] string method = "")
    {
        ArgumentNullException.ThrowIfNull(provider);
        var publisher = provider.GetService<Publisher<TProperties>>() ?? provider.GetService<Publisher>() as Publisher<TProperties>;
        if (publisher is not null)
            return publisher;
        var type = typeof(TProperties).Name;
        var argument = typeof(TProperties) == typeof(object) ? "" : $"<{type}>";
        throw new InvalidOperationException(
            $"{method}<{type}> needs the publisher of this node. Call services.AddSingleton<Publisher{argument}>(), "
            + $"or services.AddServerSentEvents{argument}() of ServerSentEvents.AspNetCore.");
    }
}
