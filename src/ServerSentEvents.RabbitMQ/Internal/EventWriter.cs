using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The writing direction: brings what is in the <see cref="Outbox"/> to the stream, through any number of connections.
/// </summary>
internal sealed class EventWriter(IStreamTransport transport, Outbox outbox, ConnectionLoop loop, ILogger logger, string stream)
    : IWriterObserver
{
    private readonly Lock _gate = new();

    /// <summary>What there is a connection by; null for none. Guarded by <see cref="_gate"/>.</summary>
    private IStreamWriter? _writer;

    /// <summary>Whether the log says that the broker blocks. Guarded by <see cref="_gate"/>.</summary>
    private bool _isBlocked;

    /// <summary>Whether this connection has confirmed anything.</summary>
    private volatile bool _isTried;

    /// <summary>Runs until it is canceled.</summary>
    internal Task RunAsync(CancellationToken cancellationToken) => loop.RunAsync(
        cancellation => transport.OpenWriterAsync(this, cancellation),
        WriteAsync,
        Disconnected,
        cancellationToken);

    void IWriterObserver.Confirmed(ulong number, bool all)
    {
        Metrics.Confirmed.Add(outbox.Confirm(number, all));
        if (_isTried)
            return;
        _isTried = true;
        outbox.MayTake.Set();
    }

    /// <summary>The loop would not come to say it while it waits for the broker to take what it sends.</summary>
    void IWriterObserver.Changed()
    {
        SayWhetherBlocked();
        outbox.MayTake.Set();
    }

    private async Task WriteAsync(IStreamWriter writer, Action isWell, CancellationToken cancellationToken)
    {
        lock (_gate)
            _writer = writer;
        SayWhetherBlocked();
        outbox.BeginConnection();
        _isTried = false;
        var isKnownWell = false;
        while (!writer.Lost.IsCompleted)
        {
            if (_isTried && !isKnownWell)
            {
                isKnownWell = true;
                isWell();
            }

            if (writer.Blocked is null && outbox.IsStuck)
                throw new TimeoutException("The broker has not confirmed a message for as long as PublishTimeout allows, or five seconds.");
            while (writer.Blocked is null && !writer.Lost.IsCompleted && outbox.TryTake(out var body))
                await writer.SendAsync(body, cancellationToken).ConfigureAwait(false);
            await outbox.MayTake.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        throw await writer.Lost.ConfigureAwait(false);
    }

    private void SayWhetherBlocked()
    {
        string? reason;
        lock (_gate)
        {
            if (_writer is null)
                return;
            reason = _writer.Blocked;
            outbox.SetObstacle(reason is null ? null : $"the broker blocks publishers ({reason})");
            if (reason is not null == _isBlocked)
                return;
            _isBlocked = !_isBlocked;
        }

        if (reason is not null)
            Log.Blocked(logger, stream, reason);
        else
            Log.Unblocked(logger, stream);
    }

    private void Disconnected(Exception reason)
    {
        lock (_gate)
        {
            _writer = null;
            outbox.SetObstacle($"the broker cannot be reached ({reason.Message})");
        }
    }
}
