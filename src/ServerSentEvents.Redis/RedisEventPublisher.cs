using ServerSentEvents.Backplane;
using ServerSentEvents.Redis.Internal;

namespace ServerSentEvents.Redis;

/// <summary>
/// A publisher for the subscribers of every node, over a Redis stream. Use it in a process without subscribers,
/// such as a worker.
/// </summary>
/// <remarks>
/// The remarks of <see cref="StreamPublisher"/> apply: order, outages, memory and threads. Dispose the publisher
/// when the process stops. The user needs the permission for <c>XADD</c> on the key, and for <c>WAIT</c> if
/// <see cref="RedisPublisherOptions.WaitForReplicas"/> is set.
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
/// using ServerSentEvents.Redis;
/// using StackExchange.Redis;
///
/// var options = new RedisPublisherOptions
/// {
///     Configuration = ConfigurationOptions.Parse("redis:6379,password=secret"),
/// };
/// await using var publisher = new RedisEventPublisher(options);
/// await publisher.PublishAsync("hello", "news");
/// </code>
/// </example>
public sealed class RedisEventPublisher : StreamPublisher
{
    /// <summary>Initializes a publisher, which connects in the background.</summary>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <exception cref="ArgumentException">The argument is null, or an option is missing or out of its range.</exception>
    public RedisEventPublisher(RedisPublisherOptions options)
        : base(options ?? throw new ArgumentNullException(nameof(options)), new RedisTransport(RedisSettings.From(options)))
    {
        Start();
    }
}
