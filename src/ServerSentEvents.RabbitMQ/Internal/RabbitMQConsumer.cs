using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// A consumer that hands messages to a handler. The broker keeps acknowledged messages of a stream; acknowledgements only limit how
/// many messages are on their way. The broker closes a channel that leaves a message unacknowledged for too long, by default 30
/// minutes.
/// </summary>
internal sealed class RabbitMQConsumer(
    IChannel channel, StreamMessageHandler handler, TaskCompletionSource<Exception> lost, ushort prefetch)
    : AsyncDefaultBasicConsumer(channel), IAsyncDisposable
{
    /// <summary>
    /// The largest step between two offsets without a loss. The broker leaves out one offset where a segment of its log begins, and no
    /// segment has a single message.
    /// </summary>
    private const int LargestStep = 2;

    /// <summary>The time after which messages are acknowledged, however few they are.</summary>
    private static readonly TimeSpan AcknowledgementDelay = TimeSpan.FromSeconds(1);

    /// <summary>Held while the handler runs, and while messages are acknowledged.</summary>
    private readonly SemaphoreSlim _handling = new(1);

    /// <summary>The number of unacknowledged messages. Guarded by <see cref="_handling"/>.</summary>
    private int _unacknowledged;

    /// <summary>The tag of the last message. Guarded by <see cref="_handling"/>.</summary>
    private ulong _lastTag;

    /// <summary>True while <see cref="AcknowledgeLaterAsync"/> waits. Guarded by <see cref="_handling"/>.</summary>
    private bool _isAcknowledgedLater;

    /// <summary>The offset of the last message; null before the first one.</summary>
    private long? _last;

    /// <summary>True when nothing more is handed over.</summary>
    private volatile bool _isOver;

    public override async Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        await _handling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isOver)
                return;
            var offset = (long)properties.Headers!["x-stream-offset"]!;
            var order = offset == 0 ? MessageOrder.First
                : offset > _last + LargestStep ? MessageOrder.AfterLoss
                : MessageOrder.Next;
            _last = offset;
            handler(offset, order, body.Span);
            (_lastTag, _unacknowledged) = (deliveryTag, _unacknowledged + 1);
            if (_unacknowledged >= prefetch / 8)
                await AcknowledgeAsync().ConfigureAwait(false);
            else if (!_isAcknowledgedLater)
                _ = AcknowledgeLaterAsync();
        }
        catch (Exception exception)
        {
            // The library would log it, and go on with the next message.
            _isOver = true;
            lost.TrySetResult(exception);
        }
        finally
        {
            _handling.Release();
        }
    }

    /// <summary>Stops handing over messages, and waits for the handler, so that messages of the next connection come after it.</summary>
    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        await _handling.WaitAsync().ConfigureAwait(false);
        _handling.Release();
    }

    /// <summary>Notes that the broker has ended the consumer: the stream was deleted, or its leader moves.</summary>
    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default) =>
        LoseAsync(new IOException("The broker has stopped sending the stream: it was deleted, or its leader moves."));

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) =>
        LoseAsync(RabbitMQErrors.Explain(reason));

    private async Task AcknowledgeAsync()
    {
        _unacknowledged = 0;
        try
        {
            await Channel.BasicAckAsync(_lastTag, multiple: true).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The channel is closed. Its shutdown has the broker's reason.
        }
    }

    private async Task AcknowledgeLaterAsync()
    {
        _isAcknowledgedLater = true;
        await Task.Delay(AcknowledgementDelay, TimeProvider.System).ConfigureAwait(false);
        await _handling.WaitAsync().ConfigureAwait(false);
        _isAcknowledgedLater = false;
        if (!_isOver && _unacknowledged > 0)
            await AcknowledgeAsync().ConfigureAwait(false);
        _handling.Release();
    }

    private Task LoseAsync(Exception reason)
    {
        if (!_isOver)
            lost.TrySetResult(reason);
        return Task.CompletedTask;
    }
}
