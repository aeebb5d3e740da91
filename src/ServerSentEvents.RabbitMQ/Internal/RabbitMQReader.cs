using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A connection that reads.</summary>
internal sealed class RabbitMQReader : IStreamReader
{
    /// <summary>
    /// The smallest age to read from. The broker counts it from the start of reading, and the marker, which is older, must be read.
    /// </summary>
    private static readonly TimeSpan SmallestAge = TimeSpan.FromMinutes(1);

    /// <summary>The time for which a marker waits while the broker blocks. Then the reason is reported, and another connection tried.</summary>
    private static readonly TimeSpan BlockedTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IConnection _connection;
    private readonly string _stream;
    private readonly ushort _prefetch;

    /// <summary>The last consumer; null before there is one.</summary>
    private volatile RabbitMQConsumer? _consumer;

    internal RabbitMQReader(IConnection connection, string stream, ushort prefetch)
    {
        (_connection, _stream, _prefetch) = (connection, stream, prefetch);
        connection.ConnectionShutdownAsync += (_, reason) => Task.FromResult(_lost.TrySetResult(RabbitMQErrors.Explain(reason)));
    }

    public Task<Exception> Lost => _lost.Task;

    /// <summary>
    /// Appends a message. The protocol tells neither the end of a stream nor the offset of an appended message. So this method reads
    /// from the last messages of the stream until it finds the message.
    /// </summary>
    public async Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var offset = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        // The broker announces a block only when it receives a message.
        _connection.ConnectionBlockedAsync += (_, block) =>
        {
            _ = GiveUpLaterAsync(block.Reason);
            return Task.CompletedTask;
        };
        // Do not close the channel after a failure: the engine closes the connection, and closing a channel can take seconds.
        var consumer = await ConsumeAsync("last", LookAt, cancellationToken).ConfigureAwait(false);
        await consumer.Channel.PublishAsync(new CachedString(_stream), mandatory: false, message, cancellationToken).ConfigureAwait(false);
        await Task.WhenAny(offset.Task, Lost).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!offset.Task.IsCompleted)
            throw await Lost.ConfigureAwait(false);
        await consumer.DisposeAsync().ConfigureAwait(false);
        await consumer.Channel.DisposeAsync().ConfigureAwait(false);
        return await offset.Task.ConfigureAwait(false);

        // A block can end soon. Give the connection up if the marker is not taken in time.
        async Task GiveUpLaterAsync(string reason)
        {
            await Task.Delay(BlockedTimeout, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            if (!offset.Task.IsCompleted)
                _lost.TrySetResult(new IOException($"The broker blocks publishers ({reason}), and takes no marker of this node."));
        }

        void LookAt(long at, MessageOrder order, ReadOnlySpan<byte> body)
        {
            if (body.SequenceEqual(message.Span))
                offset.TrySetResult(at);
        }
    }

    public Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken) =>
        ConsumeAsync(OffsetOf(start), handler, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_consumer is not null)
            await _consumer.DisposeAsync().ConfigureAwait(false);
        await _connection.CloseQuietlyAsync().ConfigureAwait(false);
    }

    /// <summary>Returns the start as the broker takes it.</summary>
    internal static object OffsetOf(StreamStart start) => start switch
    {
        { Offset: { } at } => at,
        { Age: { } age } => $"{(long)Math.Ceiling(Math.Max(age.TotalSeconds, SmallestAge.TotalSeconds))}s",
        _ => "first",
    };

    private async Task<RabbitMQConsumer> ConsumeAsync(object offset, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            // This throws if the connection was lost before the handlers of its events were attached.
            var options = new CreateChannelOptions(
                publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1);
            var channel = await _connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
            await channel.BasicQosAsync(0, _prefetch, global: false, cancellationToken).ConfigureAwait(false);
            // The disposal ends this consumer, also if the broker has not answered yet.
            var consumer = _consumer = new RabbitMQConsumer(channel, handler, _lost, _prefetch);
            var arguments = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = offset };
            await channel.BasicConsumeAsync(
                _stream, autoAck: false, "", noLocal: false, exclusive: false, arguments, consumer, cancellationToken).ConfigureAwait(false);
            return consumer;
        }
        catch (OperationInterruptedException exception)
        {
            throw RabbitMQErrors.Explain(exception);
        }
    }
}
