using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The writing direction: brings what is in the <see cref="Outbox"/> to the stream, through any number of connections.
/// </summary>
internal sealed class EventWriter(IStreamTransport transport, Outbox outbox, ConnectionLoop loop, ILogger logger, string stream)
    : IWriterObserver
{
    /// <summary>Whether the log says that the broker blocks. The loop's alone.</summary>
    private bool _isBlocked;

    /// <summary>Whether this connection has confirmed anything.</summary>
    private volatile bool _isTried;

    /// <summary>Runs until it is canceled.</summary>
    internal Task RunAsync(CancellationToken cancellationToken) => loop.RunAsync(
        cancellation => transport.OpenWriterAsync(this, cancellation),
        WriteAsync,
        reason => outbox.SetObstacle($"the broker cannot be reached ({reason.Message})"),
        cancellationToken);

    void IWriterObserver.Confirmed(ulong number, bool all)
    {
        Metrics.Confirmed.Add(outbox.Confirm(number, all));
        if (_isTried)
            return;
        _isTried = true;
        outbox.MayTake.Set();
    }

    void IWriterObserver.Changed() => outbox.MayTake.Set();

    private async Task WriteAsync(IStreamWriter writer, Action isWell, CancellationToken cancellationToken)
    {
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

            SayWhetherBlocked(writer.Blocked);
            if (writer.Blocked is null && outbox.IsStuck)
                throw new TimeoutException("The broker has not confirmed an event for as long as PublishTimeout allows.");
            while (writer.Blocked is null && !writer.Lost.IsCompleted && outbox.TryTake(out var body))
                await writer.SendAsync(body, cancellationToken).ConfigureAwait(false);
            await outbox.MayTake.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        throw await writer.Lost.ConfigureAwait(false);
    }

    private void SayWhetherBlocked(string? reason)
    {
        outbox.SetObstacle(reason is null ? null : $"the broker blocks publishers ({reason})");
        if (reason is not null && !_isBlocked)
            Log.Blocked(logger, stream, reason);
        if (reason is null && _isBlocked)
            Log.Unblocked(logger, stream);
        _isBlocked = reason is not null;
    }
}
