using RabbitMQ.Client;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ;

/// <summary>Settings of a <see cref="RabbitMQBackplane{TProperties}"/>.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// The backplane checks and copies the options once, except for the <see cref="ConnectionFactory"/>. Do not change an instance from
/// several threads at the same time.
/// </remarks>
/// <example>
/// <code>
/// using RabbitMQ.Client;
/// using ServerSentEvents.RabbitMQ;
///
/// var options = new RabbitMQBackplaneOptions&lt;object?&gt;
/// {
///     ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqp://user:password@broker") },
///     StreamName = "shop-events",
///     ReadBack = TimeSpan.FromMinutes(10),
/// };
/// </code>
/// </example>
public sealed class RabbitMQBackplaneOptions<TProperties> : BackplaneOptions<TProperties>
{
    /// <summary>
    /// The address and the credentials of the broker. Required. This package keeps and changes the object: create one for each backplane
    /// or publisher.
    /// </summary>
    /// <remarks>
    /// This package reconnects by itself, so it turns <c>AutomaticRecoveryEnabled</c> and <c>TopologyRecoveryEnabled</c> off. If
    /// <c>RequestedHeartbeat</c> is 60 seconds, the library's default, it becomes 6 seconds, so that a silent network is noticed within
    /// 30 seconds. <c>ContinuationTimeout</c> and <c>RequestedConnectionTimeout</c> become 5 seconds if they are 20 and 30, the library's
    /// defaults.
    /// </remarks>
    public ConnectionFactory? ConnectionFactory { get; set; }

    /// <summary>
    /// The nodes of a broker that is a cluster. Each connection tries them in random order. The default is empty, for the node
    /// that <see cref="ConnectionFactory"/> names. Each has its own <c>Ssl</c>. If the factory has TLS, an
    /// endpoint without TLS is refused.
    /// </summary>
    public IList<AmqpTcpEndpoint> Endpoints { get; set; } = [];

    /// <summary>
    /// The stream that all nodes share, from 1 to 255 bytes of UTF-8. It is created if it does not exist. The default is
    /// <c>server-sent-events</c>. Give each application, and each type of properties, its own stream: nodes with the same
    /// stream share their events.
    /// </summary>
    public string StreamName { get; set; } = "server-sent-events";

    /// <summary>
    /// The age at which the broker may remove events, from 1 second, in whole seconds; null for no limit. The default is 1 day.
    /// </summary>
    /// <remarks>
    /// <see cref="MaxBytes"/> can remove them earlier. The broker removes whole blocks, so a quiet stream keeps events for longer.
    /// A fraction of a second is ignored. The option has no effect on a stream that exists already.
    /// </remarks>
    public TimeSpan? MaxAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The bytes of events that the broker keeps on each of its nodes: from 1,000,000, and at least ten times
    /// <see cref="StreamPublisherOptions.MaxEventBytes"/>; null for no limit. The default is 1,073,741,824 (1 GiB).
    /// </summary>
    /// <remarks>
    /// The broker removes a tenth at a time, or 1,000,000,000 bytes if that is less. If one event were larger than a tenth, the broker
    /// could remove events before nodes have read them. The option has no effect on a stream that exists already.
    /// </remarks>
    public long? MaxBytes { get; set; } = 1L << 30;
}
