using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>Delivers the messages of the stream, over any number of connections.</summary>
internal sealed class ReadingLoop<TProperties>(
    IStreamTransport transport,
    StreamFollower<TProperties> follower,
    ReadingWatch watch,
    ReadingLag lag,
    BrokerMetrics metrics,
    StreamPublisherSettings settings)
{
    private readonly ConnectionLoop _loop = new("reading", metrics.ReconnectsToRead, transport.Stream, settings);
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isCaughtUp;
    private volatile string? _obstacle = "the broker has not been reached yet";

    /// <summary>A task that completes when the node has caught up for the first time.</summary>
    internal Task CaughtUp => _caughtUp.Task;

    /// <summary>True if the node reads the end of the stream now.</summary>
    internal bool IsCaughtUp => _isCaughtUp;

    /// <summary>The reason why the end of the stream is not read; null if there is none.</summary>
    internal string? Obstacle => _obstacle;

    /// <summary>A task that completes if the broker refuses.</summary>
    internal Task<StreamRefusedException> Refused => _loop.Refused;

    /// <summary>Runs until it is canceled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await _loop.RunAsync(transport.OpenReaderAsync, ReadAsync, Disconnected, cancellationToken).ConfigureAwait(false);
        (_obstacle, _isCaughtUp) = ("the backplane was disposed", false);
        follower.End();
    }

    private async Task ReadAsync(IStreamReader reader, Action connected, CancellationToken cancellationToken)
    {
        var lost = Task.WhenAny(reader.Lost, watch.Begin()).Unwrap();
        _obstacle = "this node is catching up with the stream";
        await follower.AttachAsync(reader, lost, cancellationToken).ConfigureAwait(false);
        connected();
        lag.SetCaughtUp(true);
        _obstacle = null;
        _isCaughtUp = true;
        _caughtUp.TrySetResult();
        throw await lost.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Disconnected(Exception reason)
    {
        _obstacle = ConnectionLoop.Describe(reason);
        follower.Detach();
        _isCaughtUp = false;
        lag.SetCaughtUp(false);
    }
}
