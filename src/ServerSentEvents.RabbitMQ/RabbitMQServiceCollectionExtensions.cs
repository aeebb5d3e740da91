using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using ServerSentEvents;
using ServerSentEvents.RabbitMQ;
using ServerSentEvents.RabbitMQ.Internal;

// Where people look for what a container can be told.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the backplane in a container.</summary>
public static class RabbitMQServiceCollectionExtensions
{
    private const string HealthCheckPrefix = "server-sent-events-rabbitmq";

    /// <summary>
    /// Makes <see cref="IEventPublisher"/> publish to the subscribers of every node. Beside
    /// <c>AddServerSentEvents&lt;TProperties&gt;()</c>, which registers the publisher that each node has.
    /// </summary>
    /// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
    /// <param name="services">Where to register it.</param>
    /// <param name="configure">Sets the options; <see cref="RabbitMQBackplaneOptions{TProperties}.ConnectionFactory"/> at least.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// The application starts when this node has caught up with the stream, or when
    /// <see cref="RabbitMQBackplaneOptions{TProperties}.PublishTimeout"/> has passed: then it goes on trying. A health check
    /// named <c>server-sent-events-rabbitmq-</c> and the full name of the type, with the tag <c>ready</c>, is healthy when the
    /// node has caught up, and degraded while the broker is away after that, or blocks publishers. A second call for the same
    /// type has no effect. Give each type, as each application, a
    /// <see cref="RabbitMQBackplaneOptions{TProperties}.StreamName"/> of its own: who shares a stream shares its events.
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsRabbitMQ<TProperties>(
        this IServiceCollection services, Action<RabbitMQBackplaneOptions<TProperties>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.ServiceType == typeof(RabbitMQBackplane<TProperties>)))
            return services;
        services.AddSingleton(provider =>
        {
            var options = new RabbitMQBackplaneOptions<TProperties> { LoggerFactory = provider.GetService<ILoggerFactory>() };
            configure(options);
            var settings = new Settings<TProperties>(options);
            return new RabbitMQBackplane<TProperties>(PublisherOf<TProperties>(provider), settings, RabbitMQTransport.For(settings));
        });
        services.Replace(ServiceDescriptor.Singleton<IEventPublisher>(
            provider => provider.GetRequiredService<RabbitMQBackplane<TProperties>>()));
        services.AddHostedService<BackplaneService<TProperties>>();
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            $"{HealthCheckPrefix}-{typeof(TProperties).FullName}",
            provider => new BackplaneHealthCheck<TProperties>(provider.GetRequiredService<RabbitMQBackplane<TProperties>>()),
            failureStatus: HealthStatus.Unhealthy,
            tags: ["ready"]));
        return services;
    }

    private static Publisher<TProperties> PublisherOf<TProperties>(IServiceProvider provider)
    {
        var publisher = provider.GetService<Publisher<TProperties>>() ?? provider.GetService<Publisher>() as Publisher<TProperties>;
        if (publisher is not null)
            return publisher;
        var type = typeof(TProperties).Name;
        var call = typeof(TProperties) == typeof(object) ? "AddServerSentEvents()" : $"AddServerSentEvents<{type}>()";
        throw new InvalidOperationException(
            $"AddServerSentEventsRabbitMQ<{type}> needs a publisher: call services.{call} too.");
    }
}
