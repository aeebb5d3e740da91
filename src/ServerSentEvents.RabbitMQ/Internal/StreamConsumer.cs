using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Hands messages to a handler. The broker keeps acknowledged messages of a stream; acknowledgements only limit how many are on
/// their way.
/// </summary>
internal sealed class StreamConsumer(IChannel channel, StreamMessageHandler handler, TaskCompletionSource<Exception> lost)
    : AsyncDefaultBasicConsumer(channel), IAsyncDisposable
{
    /// <summary>
    /// The largest number of messages that are on their way or wait here: 16 MiB of shared messages, and enough for a broker at
    /// a distance of some milliseconds.
    /// </summary>
    internal const ushort Prefetch = 256;

    private const int AcknowledgedAtOnce = Prefetch / 8;

    /// <summary>The broker leaves out one offset where a segment of its log begins. A segment has more than one message.</summary>
    private const int LargestStep = 2;

    /// <summary>Held while the handler runs.</summary>
    private readonly SemaphoreSlim _handling = new(1);

    private int _unacknowledged;

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
            Handle((long)properties.Headers!["x-stream-offset"]!, body.Span);
            if (++_unacknowledged < AcknowledgedAtOnce)
                return;
            _unacknowledged = 0;
            await Channel.BasicAckAsync(deliveryTag, multiple: true, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Hands over nothing more, and waits for the handler. The next connection's messages must come later.</summary>
    internal async Task EndAsync()
    {
        _isOver = true;
        await _handling.WaitAsync().ConfigureAwait(false);
        _handling.Release();
    }

    /// <summary>Notes that the broker has ended the consumer: the stream was deleted, or its leader moves.</summary>
    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default) =>
        LoseAsync(new IOException("The broker has stopped sending the stream: it was deleted, or its leader moves."));

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) =>
        LoseAsync(BrokerErrors.Explain(reason));

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        await Channel.DisposeAsync().ConfigureAwait(false);
    }

    private void Handle(long offset, ReadOnlySpan<byte> body)
    {
        var order = offset == 0 ? MessageOrder.First
            : offset > _last + LargestStep ? MessageOrder.AfterLoss
            : MessageOrder.Next;
        _last = offset;
        handler(offset, order, body);
    }

    private Task LoseAsync(Exception reason)
    {
        if (!_isOver)
            lost.TrySetResult(reason);
        return Task.CompletedTask;
    }
}
