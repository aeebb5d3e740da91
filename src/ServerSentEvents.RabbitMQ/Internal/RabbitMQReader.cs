using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A connection that reads, by a channel for each place in the stream.</summary>
internal sealed class RabbitMQReader : IStreamReader
{
    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IConnection _connection;
    private readonly string _stream;

    /// <summary>All that were begun; the loop's alone.</summary>
    private readonly List<StreamConsumer> _consumers = [];

    internal RabbitMQReader(IConnection connection, string stream)
    {
        (_connection, _stream) = (connection, stream);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            _lost.TrySetResult(new IOException(reason.ReplyText));
            return Task.CompletedTask;
        };
    }

    public Task<Exception> Lost => _lost.Task;

    public async Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken)
    {
        // Should the connection have gone before anybody listened, this throws.
        var options = new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1);
        var channel = await _connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            await channel.BasicQosAsync(0, StreamConsumer.Prefetch, global: false, cancellationToken).ConfigureAwait(false);
            var consumer = new StreamConsumer(channel, sink, _lost);
            _consumers.Add(consumer);
            var arguments = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = Offset(start) };
            await channel.BasicConsumeAsync(
                _stream, autoAck: false, "", noLocal: false, exclusive: false, arguments, consumer, cancellationToken)
                .ConfigureAwait(false);
            return consumer;
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var consumer in _consumers)
            await consumer.EndAsync().ConfigureAwait(false);
        await _connection.DisposeQuietlyAsync().ConfigureAwait(false);
    }

    private static object Offset(StreamStart start) => start switch
    {
        { Offset: { } offset } => offset,
        { Since: { } time } => new AmqpTimestamp(time.ToUnixTimeSeconds()),
        { IsLast: true } => "last",
        _ => "first",
    };
}
