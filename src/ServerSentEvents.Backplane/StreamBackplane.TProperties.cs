using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane;

/// <summary>
/// The backplane of one node. It publishes to the subscribers of every node over the stream of a broker, and delivers the
/// events of the stream to the subscribers of this node.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para><b>Ids.</b> With <see cref="PublisherOptions.HistoryCapacity"/> above 0, an event's id is its position in the stream, and
/// a check of the message there. It is the same on every node, so a client resumes at any node. An id of the application is
/// kept. An event that is published to the node's own publisher reaches that node alone, and has no id.</para>
/// <para><b>Loss.</b> If a node may have missed events, because the stream was deleted, restored from an earlier copy, or trimmed
/// too early, it ends all subscriptions. Older ids are a <see cref="ResumeResult.Gap"/>.</para>
/// <para><b>Memory.</b> A node keeps 12 bytes for each of the last 1,048,576 messages, in addition to the history. A resume from an
/// older id is a gap.</para>
/// <para><b>Thread safety.</b> All members can be called from any thread. Functions of the options and handlers of the publisher
/// run on the thread that reads the stream. Do not block them, and do not wait for <see cref="StreamPublisher.DisposeAsync"/> in
/// them.</para>
/// <para><b>Lifetime.</b> Create one for each publisher, for the life of the application. It holds two connections. Dispose it
/// before the publisher, which stays the caller's. A publisher that had a backplane generates no ids anymore, also after
/// the disposal or a failed <c>ConnectAsync</c>. To go on without a backplane, create a new publisher.</para>
/// </remarks>
public abstract class StreamBackplane<TProperties> : StreamPublisher
{
    private readonly ReadingLoop<TProperties> _reading;

    /// <summary>Initializes a backplane that is not connected yet.</summary>
    /// <param name="publisher">
    /// The publisher of this node. Its subscriptions end when the backplane starts, and again when the node has caught up.
    /// </param>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <param name="transport">The stream.</param>
    /// <exception cref="ArgumentException">An argument is null, or an option is missing or out of its range.</exception>
    [Experimental(StreamTransport.DiagnosticId)]
    protected StreamBackplane(Publisher<TProperties> publisher, BackplaneOptions<TProperties> options, IStreamTransport transport)
        : base(new BackplaneSettings<TProperties>(options ?? throw new ArgumentNullException(nameof(options))), transport)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        var settings = (BackplaneSettings<TProperties>)Settings;
        var lag = new ReadingLag(transport.Broker, transport.Stream, settings.TimeProvider, () => StallDetector.Waiting);
        var delivery = new LocalDelivery<TProperties>(publisher, settings, transport.Stream);
        var follower = new StreamFollower<TProperties>(delivery, Outbox.Node, StallDetector, lag, Metrics, settings, transport.Stream);
        _reading = new ReadingLoop<TProperties>(transport, follower, StallDetector, lag, Metrics, settings);
    }

    /// <summary>
    /// True while this node reads the end of the stream. False before it has caught up, in an outage, and after the disposal.
    /// </summary>
    public bool IsCaughtUp => _reading.Obstacle is null;

    private protected override IEnumerable<Task<StreamRefusedException>> Refused => [.. base.Refused, _reading.Refused];

    private protected override string? Obstacle => _reading.Obstacle ?? base.Obstacle;

    /// <summary>
    /// Returns the state for a health check. A node that has caught up once is never unhealthy: an outage of the broker is the
    /// same for all nodes, and no node must be taken away for it.
    /// </summary>
    internal override HealthCheckResult CheckHealth(HealthStatus failureStatus) =>
        (_reading.Obstacle, _reading.CaughtUp.IsCompleted) switch
        {
            (null, _) when base.Obstacle is null => HealthCheckResult.Healthy("This node reads the end of the stream."),
            (null, _) => base.CheckHealth(failureStatus),
            ({ } obstacle, true) => HealthCheckResult.Degraded($"This node gets no events: {obstacle}."),
            ({ } obstacle, false) => new HealthCheckResult(failureStatus, $"This node has not caught up with the stream yet: {obstacle}."),
        };

    /// <summary>
    /// Runs the loops. Begins to write first: the handlers of subscriptions that end when the reading begins may publish, and wait.
    /// </summary>
    private protected override Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(base.RunAsync(cancellationToken), _reading.RunAsync(cancellationToken));

    private protected override async Task WaitUntilReadyAsync()
    {
        await base.WaitUntilReadyAsync().ConfigureAwait(false);
        await _reading.CaughtUp.ConfigureAwait(false);
    }
}
