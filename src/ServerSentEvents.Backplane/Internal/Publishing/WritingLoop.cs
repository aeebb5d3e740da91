using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>The loop that sends the messages of an outbox to the stream, over any number of connections.</summary>
/// <param name="transport">The broker.</param>
/// <param name="outbox">The messages.</param>
/// <param name="stallDetector">The detector, which learns here which messages a reader must get.</param>
/// <param name="metrics">The counters.</param>
/// <param name="settings">The settings.</param>
internal sealed class WritingLoop(
    IStreamTransport transport, Outbox outbox, ReaderStallDetector stallDetector, BrokerMetrics metrics, StreamPublisherSettings settings)
    : IStreamWriterObserver
{
    private readonly ConnectionLoop _loop = new("publishing", metrics.ReconnectsToPublish, transport.Stream, settings);
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    /// <summary>The current connection; null for none. Guarded by <see cref="_gate"/>.</summary>
    private IStreamWriter? _writer;

    /// <summary>True if the log says that the broker blocks. Guarded by <see cref="_gate"/>.</summary>
    private bool _isBlocked;

    /// <summary>True while a thread logs that the broker blocks, or takes events again.</summary>
    private volatile bool _isLogging;

    /// <summary>True if the current connection has confirmed a message.</summary>
    private volatile bool _hasConfirmed;

    /// <summary>The reason why a connection was given up that confirmed nothing; null after a confirmation.</summary>
    private volatile string? _unconfirmedReason;

    /// <summary>A task that completes when there is a connection for the first time.</summary>
    internal Task Connected => _connected.Task;

    /// <summary>The reason why events are not published, or may not be; null if there is none.</summary>
    internal string? Obstacle => outbox.Obstacle ?? _unconfirmedReason;

    /// <summary>A task that completes if the broker refuses.</summary>
    internal Task<StreamRefusedException> Refused => _loop.Refused;

    /// <summary>Runs until it is canceled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await _loop.RunAsync(
            cancellation => transport.OpenWriterAsync(this, cancellation), WriteAsync, Disconnected, cancellationToken).ConfigureAwait(false);
        outbox.Obstacle = "the publisher was disposed";
    }

    public void Confirmed(long number, bool all)
    {
        var (items, sequence) = outbox.Confirm(number, all);
        metrics.Confirmed.Add(items);
        stallDetector.Expect(sequence);
        if (_hasConfirmed)
            return;
        (_hasConfirmed, _unconfirmedReason) = (true, null);
        // The transport can hold a lock here, and a logger must not run under it. WriteAsync logs that the broker takes events again.
        outbox.Changed.Set();
    }

    public void Changed()
    {
        // The loop may be waiting for the broker to take a message.
        NoteBlocked();
        outbox.Changed.Set();
    }

    private async Task WriteAsync(IStreamWriter writer, Action connected, CancellationToken cancellationToken)
    {
        lock (_gate)
            _writer = writer;
        NoteBlocked();
        outbox.BeginConnection();
        _connected.TrySetResult();
        _hasConfirmed = false;
        var isReported = false;
        while (!writer.Lost.IsCompleted)
        {
            NoteBlocked();
            // A connection works when it has confirmed a message. It also counts as working if no message waits for a confirmation, unless
            // the connection before was given up because nothing was confirmed.
            if (!isReported && (_hasConfirmed || (_unconfirmedReason is null && !outbox.HasUnconfirmed)))
            {
                isReported = true;
                connected();
            }

            if (writer.Blocked is null && outbox.IsStalled)
            {
                var reason = $"the broker has not confirmed a message for {outbox.StallTimeout}";
                _unconfirmedReason = reason;
                throw new TimeoutException($"{reason}.");
            }

            // Take one message in each turn: under load there is always a next one, and the checks above have to run before each.
            if (writer.Blocked is not null || outbox.Take() is not { } message)
            {
                await outbox.Changed.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            stallDetector.BeginSending(message.Sequence);
            await ConnectionLoop.ObserveFailure(writer.SendAsync(message.Body, cancellationToken).AsTask())
                .WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        throw await writer.Lost.ConfigureAwait(false);
    }

    private void NoteBlocked()
    {
        string? reason;
        var now = settings.TimeProvider.GetTimestamp();
        lock (_gate)
        {
            if (_writer is null)
                return;
            reason = _writer.Blocked;
            outbox.SetObstacle(reason is null ? null : Blocks(reason), now);
            // A new connection does not know yet that the broker still blocks. A thread that logs comes back here when it is done.
            if (_isLogging || reason is not null == _isBlocked || (reason is null && _unconfirmedReason is not null))
                return;
            (_isBlocked, _isLogging) = (!_isBlocked, true);
        }

        if (reason is not null)
            Log.Blocked(settings.Logger, transport.Stream, reason);
        else
            Log.Unblocked(settings.Logger, transport.Stream);
        _isLogging = false;
        NoteBlocked();
    }

    private static string Blocks(string reason) => $"the broker blocks publishers ({reason})";

    private void Disconnected(Exception reason)
    {
        lock (_gate)
        {
            if (_writer?.Blocked is { } blocked)
                _unconfirmedReason = Blocks(blocked);
            _writer = null;
        }

        outbox.Obstacle = ConnectionLoop.Describe(reason);
    }
}
