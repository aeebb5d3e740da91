using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Hands messages to a sink as they come. Acknowledging is what the broker counts by how much is on its way; it forgets
/// nothing by it.
/// </summary>
internal sealed class StreamConsumer(IChannel channel, MessageSink sink, TaskCompletionSource<Exception> lost)
    : AsyncDefaultBasicConsumer(channel), IAsyncDisposable
{
    /// <summary>
    /// How many messages are on their way at the most, or wait for this node: 16 MiB of such as many events share, and enough
    /// for a broker that is some milliseconds away.
    /// </summary>
    internal const ushort Prefetch = 256;

    private const int AcknowledgedAtOnce = Prefetch / 8;

    /// <summary>Held while a message is handed over.</summary>
    private readonly SemaphoreSlim _delivering = new(1);

    private int _unacknowledged;

    /// <summary>Nothing is wanted any more.</summary>
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
        await _delivering.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isOver)
                return;
            sink((long)properties.Headers!["x-stream-offset"]!, body.Span);
            if (++_unacknowledged < AcknowledgedAtOnce)
                return;
            _unacknowledged = 0;
            await Channel.BasicAckAsync(deliveryTag, multiple: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The library would log it and go on with the next message.
            _isOver = true;
            lost.TrySetResult(exception);
        }
        finally
        {
            _delivering.Release();
        }
    }

    /// <summary>
    /// Hands over nothing more, and returns when nothing is being handed over: the next connection's messages must not
    /// come while one of this one's is still at work.
    /// </summary>
    internal async Task EndAsync()
    {
        _isOver = true;
        await _delivering.WaitAsync().ConfigureAwait(false);
        _delivering.Release();
    }

    /// <summary>The broker has ended it: the stream is no more, or its leader is moving.</summary>
    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default) =>
        LoseAsync("The broker has ended the reading.");

    public override Task HandleChannelShutdownAsync(object channel, global::RabbitMQ.Client.Events.ShutdownEventArgs reason) =>
        LoseAsync(reason.ReplyText);

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        await Channel.DisposeAsync().ConfigureAwait(false);
    }

    private Task LoseAsync(string reason)
    {
        if (!_isOver)
            lost.TrySetResult(new IOException(reason));
        return Task.CompletedTask;
    }
}
