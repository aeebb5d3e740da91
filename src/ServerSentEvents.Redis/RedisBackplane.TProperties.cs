using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Backplane;
using ServerSentEvents.Redis.Internal;

namespace ServerSentEvents.Redis;

/// <summary>
/// The backplane of one node. It publishes to the subscribers of every node over a Redis stream, and delivers the events of
/// the stream to the subscribers of this node. Needs Redis 7.0 or later, or Valkey.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// The remarks of <see cref="StreamBackplane{TProperties}"/> apply: order, ids, loss, memory, threads and lifetime. A confirmed
/// event is in the memory of Redis. A restart or a failover can lose it, depending on how Redis is set up. Nodes that had read
/// the event then give their clients a gap. A node that had not read it cannot notice the loss, and its clients miss the event.
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
/// using ServerSentEvents.Redis;
/// using StackExchange.Redis;
///
/// using var publisher = new Publisher();
/// var options = new RedisBackplaneOptions&lt;object?&gt;
/// {
///     Configuration = ConfigurationOptions.Parse("redis:6379,password=secret"),
/// };
/// await using var backplane = await RedisBackplane&lt;object?&gt;.ConnectAsync(publisher, options);
/// await backplane.PublishAsync("hello", "news");
/// </code>
/// </example>
public sealed class RedisBackplane<TProperties> : StreamBackplane<TProperties>
{
    internal RedisBackplane(Publisher<TProperties> publisher, RedisBackplaneOptions<TProperties> options)
        : base(publisher, options, new RedisTransport(RedisSettings.From(options)))
    {
    }

    /// <summary>Connects, reads back as far as the options say, and returns when this node has caught up and can publish.</summary>
    /// <param name="publisher">
    /// The publisher of this node. Its subscriptions end. It generates no ids anymore, also if this method fails: to go on
    /// without a backplane, create a new one.
    /// </param>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <param name="cancellationToken">A token that stops connecting.</param>
    /// <returns>The backplane. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">An argument is null, or an option is missing or out of its range.</exception>
    /// <exception cref="InvalidOperationException">
    /// Redis refuses, or the node has not caught up within <see cref="StreamPublisherOptions.PublishTimeout"/>. The message
    /// says why.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "A constructor cannot be awaited.")]
    public static async Task<RedisBackplane<TProperties>> ConnectAsync(
        Publisher<TProperties> publisher,
        RedisBackplaneOptions<TProperties> options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(options);
        var backplane = new RedisBackplane<TProperties>(publisher, options);
        await backplane.ConnectAsync(cancellationToken).ConfigureAwait(false);
        return backplane;
    }
}
