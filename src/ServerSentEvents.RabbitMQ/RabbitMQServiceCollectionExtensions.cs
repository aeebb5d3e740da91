using ServerSentEvents;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Extension methods that register the backplane on RabbitMQ.</summary>
public static class RabbitMQServiceCollectionExtensions
{
    /// <summary>
    /// Makes <see cref="IEventPublisher"/> publish to the subscribers of every node. The publisher of the node is registered by
    /// <c>AddServerSentEvents&lt;TProperties&gt;()</c>, or as a singleton <see cref="Publisher{TProperties}"/>.
    /// </summary>
    /// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options, at least <see cref="RabbitMQBackplaneOptions{TProperties}.ConnectionFactory"/>.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// The application starts when this node has caught up with the stream, or without the broker after
    /// <see cref="StreamPublisherOptions.PublishTimeout"/>. The health check <c>server-sent-events-rabbitmq-</c> plus the full
    /// name of the type, with the tag <c>ready</c>, is unhealthy until the node has caught up, and degraded in a later outage.
    /// A second call for the same type has no effect. With several backplanes or publishers of brokers,
    /// <see cref="IEventPublisher"/> is ambiguous, and its resolution throws an <see cref="InvalidOperationException"/>: ask for
    /// the type, such as <see cref="RabbitMQBackplane{TProperties}"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsRabbitMQ<TProperties>(
        this IServiceCollection services, Action<RabbitMQBackplaneOptions<TProperties>> configure) =>
        services.AddServerSentEventsBackplane(
            configure,
            static (provider, options) => new RabbitMQBackplane<TProperties>(provider.GetRequiredPublisher<TProperties>(), options),
            $"server-sent-events-rabbitmq-{typeof(TProperties).FullName}");

    /// <summary>
    /// Makes <see cref="IEventPublisher"/> publish to the subscribers of every node, from a process that has no subscribers.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options, at least <see cref="RabbitMQPublisherOptions.ConnectionFactory"/>.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// The application starts when there is a connection, or without the broker after
    /// <see cref="StreamPublisherOptions.PublishTimeout"/>. The health check <c>server-sent-events-rabbitmq-publisher</c>, with
    /// the tag <c>ready</c>, is degraded while nothing can be published. A second call has no effect.
    /// With several backplanes or publishers of brokers, <see cref="IEventPublisher"/> is ambiguous, and its resolution throws an
    /// <see cref="InvalidOperationException"/>: ask for the type, such as <see cref="RabbitMQEventPublisher"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsRabbitMQPublisher(
        this IServiceCollection services, Action<RabbitMQPublisherOptions> configure) =>
        services.AddServerSentEventsBackplane(
            configure, static (_, options) => new RabbitMQEventPublisher(options), "server-sent-events-rabbitmq-publisher");
}
