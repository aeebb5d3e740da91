using ServerSentEvents;
using ServerSentEvents.Backplane;
using ServerSentEvents.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Extension methods that register the backplane on Redis.</summary>
public static class RedisServiceCollectionExtensions
{
    /// <summary>
    /// Registers a backplane over a Redis stream, also as <see cref="IEventPublisher"/>: events reach the subscribers of every node.
    /// </summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">
    /// A function that sets the options, at least <see cref="RedisBackplaneOptions{TProperties}.Configuration"/>. It runs when the
    /// backplane is created.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>The publisher of the node is registered by <c>AddServerSentEvents&lt;TProperties&gt;()</c>, or as a singleton
    /// <see cref="Publisher{TProperties}"/>. Without it, the start of the application throws an
    /// <see cref="InvalidOperationException"/> that names the call to add. The application starts when this node has caught up with
    /// the stream, or without Redis after <see cref="StreamPublisherOptions.PublishTimeout"/>.</para>
    /// <para>The health check is named <c>server-sent-events-redis-</c> plus the full name of the type, and has the tag
    /// <c>ready</c>. It is unhealthy until the node has caught up, and degraded in a later outage.</para>
    /// <para>A second call for the same type has no effect. With several backplanes or publishers of brokers,
    /// <see cref="IEventPublisher"/> is ambiguous, and its resolution throws an <see cref="InvalidOperationException"/>: ask for
    /// the type, such as <see cref="RedisBackplane{TProperties}"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsRedis<TProperties>(
        this IServiceCollection services, Action<RedisBackplaneOptions<TProperties>> configure) =>
        services.AddServerSentEventsBackplane(
            configure,
            static (provider, options) => new RedisBackplane<TProperties>(provider.GetRequiredPublisher<TProperties>(), options),
            $"server-sent-events-redis-{typeof(TProperties).FullName}");

    /// <summary>
    /// Registers a publisher over a Redis stream, also as <see cref="IEventPublisher"/>, for a process without subscribers.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">
    /// A function that sets the options, at least <see cref="RedisPublisherOptions.Configuration"/>. It runs when the publisher is
    /// created.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>The application starts when there is a connection, or without Redis after
    /// <see cref="StreamPublisherOptions.PublishTimeout"/>. The health check is named
    /// <c>server-sent-events-redis-publisher</c>, and has the tag <c>ready</c>. It is degraded while nothing can be
    /// published.</para>
    /// <para>A second call has no effect. With several backplanes or publishers of brokers, <see cref="IEventPublisher"/> is
    /// ambiguous, and its resolution throws an <see cref="InvalidOperationException"/>: ask for the type, such as
    /// <see cref="RedisEventPublisher"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddServerSentEventsRedisPublisher(
        this IServiceCollection services, Action<RedisPublisherOptions> configure) =>
        services.AddServerSentEventsBackplane(
            configure, static (_, options) => new RedisEventPublisher(options), "server-sent-events-redis-publisher");
}
