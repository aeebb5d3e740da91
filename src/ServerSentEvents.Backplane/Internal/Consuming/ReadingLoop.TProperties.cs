using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>The loop that delivers the messages of the stream, over any number of connections.</summary>
internal sealed class ReadingLoop<TProperties>(
    IStreamTransport transport,
    StreamFollower<TProperties> follower,
    ReaderStallDetector stallDetector,
    ReadingLag lag,
    BrokerMetrics metrics,
    StreamPublisherSettings settings)
{
    /// <summary>The time between two checks of the reader.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly ConnectionLoop _loop = new("reading", metrics.ReconnectsToRead, transport.Stream, settings);
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile string? _obstacle = "the broker has not been reached yet";

    /// <summary>A task that completes when the node has caught up for the first time.</summary>
    internal Task CaughtUp => _caughtUp.Task;

    /// <summary>The reason why the node does not read the end of the stream; null while it does.</summary>
    internal string? Obstacle => _obstacle;

    /// <summary>A task that completes if the broker refuses.</summary>
    internal Task<StreamRefusedException> Refused => _loop.Refused;

    /// <summary>Runs until it is canceled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        BrokerMetrics.Add(lag);
        follower.Begin();
        await _loop.RunAsync(transport.OpenReaderAsync, ReadAsync, Disconnected, cancellationToken).ConfigureAwait(false);
        BrokerMetrics.Remove(lag);
        _obstacle = "the backplane was disposed";
        follower.End();
    }

    private async Task ReadAsync(IStreamReader reader, Action connected, CancellationToken cancellationToken)
    {
        using var checks = settings.TimeProvider.CreateDetachedTimer(
            static detector => ((ReaderStallDetector)detector!).Check(), stallDetector, CheckInterval, CheckInterval);
        var lost = Task.WhenAny(reader.Lost, stallDetector.Begin()).Unwrap();
        _obstacle = "this node is catching up with the stream";
        await follower.AttachAsync(reader, lost, cancellationToken).ConfigureAwait(false);
        connected();
        lag.SetCaughtUp(true);
        _obstacle = null;
        _caughtUp.TrySetResult();
        throw await lost.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Disconnected(Exception reason)
    {
        follower.Detach();
        _obstacle = ConnectionLoop.Describe(reason);
        // The clock of the application can throw.
        lag.SetCaughtUp(false);
    }
}
