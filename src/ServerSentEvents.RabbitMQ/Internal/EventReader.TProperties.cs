namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The reading direction: delivers what stands in the stream, through any number of connections.</summary>
internal sealed class EventReader<TProperties>(
    IStreamTransport transport, StreamFollower<TProperties> follower, Outbox outbox, ReadingLag lag, ConnectionLoop loop)
{
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isCaughtUp;

    /// <summary>Completes when this node has caught up for the first time.</summary>
    internal Task CaughtUp => _caughtUp.Task;

    /// <summary>Whether it reads the stream's end now.</summary>
    internal bool IsCaughtUp => _isCaughtUp;

    /// <summary>Runs until it is canceled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await loop.RunAsync(transport.OpenReaderAsync, ReadAsync, Disconnected, cancellationToken).ConfigureAwait(false);
        _isCaughtUp = false;
    }

    private async Task ReadAsync(IStreamReader reader, Action isWell, CancellationToken cancellationToken)
    {
        var watched = new WatchedReader(reader, outbox.BeginReading());
        await follower.AttachAsync(watched, cancellationToken).ConfigureAwait(false);
        isWell();
        lag.SetCaughtUp();
        _isCaughtUp = true;
        _caughtUp.TrySetResult();
        throw await watched.Lost.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Events wait meanwhile: what is sent to a stream that this node does not read may go to another one.</summary>
    private void Disconnected(Exception reason)
    {
        _isCaughtUp = false;
        lag.SetAway();
        outbox.HoldEvents($"the stream cannot be read ({reason.Message})");
    }
}
