using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ;

/// <summary>
/// The settings of a <see cref="RabbitMQBackplane{TProperties}"/>, which checks and copies them when it connects: later
/// changes have no effect on it, but for those of <see cref="ConnectionFactory"/> itself. Not safe to change from several
/// threads.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
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
public sealed class RabbitMQBackplaneOptions<TProperties>
{
    /// <summary>
    /// How to reach the broker; to be given, and kept, not copied. The backplane recovers by itself, and from the position
    /// after the last event that it delivered, which the library's own recovery cannot: it switches off
    /// <c>AutomaticRecoveryEnabled</c> and <c>TopologyRecoveryEnabled</c> of this factory, so give it one of its own.
    /// </summary>
    public ConnectionFactory? ConnectionFactory { get; set; }

    /// <summary>
    /// The nodes of the broker, where it is a cluster, each connection to be tried in random order. The default is empty,
    /// for the one that <see cref="ConnectionFactory"/> names.
    /// </summary>
    public IList<AmqpTcpEndpoint> Endpoints { get; set; } = [];

    /// <summary>
    /// The stream that all nodes share, which is made if there is none; up to 255 bytes of UTF-8. The default is
    /// <c>server-sent-events</c>, which is for one application: others at the same broker (or virtual host) that have it too
    /// get each other's events.
    /// </summary>
    public string StreamName { get; set; } = "server-sent-events";

    /// <summary>
    /// How long the broker keeps events, above zero, in whole seconds; null for as long as there is room. The default is
    /// one day. It is said when the stream is made: for a stream that there is already, it has no effect.
    /// </summary>
    public TimeSpan? MaxAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// How many bytes of events the broker keeps on each of its nodes, 1,000,000 or more; null for no limit. The default is
    /// 1 GiB. The broker forgets by whole segments of its log, a tenth of this each. It is said when the stream is made, as
    /// <see cref="MaxAge"/>.
    /// </summary>
    public long? MaxBytes { get; set; } = 1L << 30;

    /// <summary>
    /// How far back a node reads when it starts, to fill the history of its publisher: zero for nothing, null for all that
    /// the broker keeps. The default is one hour, which is also that of <see cref="PublisherOptions.HistoryMaxAge"/>. It is
    /// exact to a second, and the broker may give a little more, what it wrote to its log at once. The age is that by the
    /// broker's clock, which has to agree with this machine's.
    /// </summary>
    public TimeSpan? ReadBack { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long <c>PublishAsync</c> waits for the broker's confirmation, through an outage too, before it throws a
    /// <see cref="TimeoutException"/>: above zero, up to 24 days. The default is 30 seconds. It may take a tenth longer.
    /// A connection that gives no sign of life for as long, but five seconds at least, is given up for another one.
    /// </summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many bytes an event can have, with its channels and what belongs to the message: from 1,024 to 16 MiB. The
    /// default is 256 KiB. All nodes take what one has published, whatever their own limit.
    /// </summary>
    public int MaxEventBytes { get; set; } = 256 << 10;

    /// <summary>
    /// Makes of each event what one subscriber gets, on the node that it is connected to: the event as it was published,
    /// and the subscriber's properties; null sends that subscriber nothing. The default, null, sends all the same. It is
    /// called once for each subscriber, outside every lock, one event after the other: while it runs, none goes on. If it
    /// throws for one, that is logged, and the others still get theirs.
    /// </summary>
    public Func<SseItem<string>, TProperties, SseItem<string>?>? Personalise { get; set; }

    /// <summary>
    /// Where it tells of lost connections and skipped messages; null, the default, for nowhere. A container gives its own.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Where the time comes from. The default is <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
