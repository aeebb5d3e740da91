using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A connection that publishes, with confirmations counted here: the library's own waits for each one by itself.</summary>
internal sealed class RabbitMQWriter : IStreamWriter
{
    private static readonly CachedString DefaultExchange = new("");
    private static readonly BasicProperties NoProperties = new();

    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly CachedString _stream;
    private readonly IWriterObserver _observer;

    /// <summary>Whether this is over, and nothing that still arrives counts. Guarded by <see cref="_gate"/>.</summary>
    private bool _isOver;

    private volatile string? _blocked;

    private RabbitMQWriter(IConnection connection, IChannel channel, string stream, IWriterObserver observer)
    {
        (_connection, _channel, _stream, _observer) = (connection, channel, new CachedString(stream), observer);
        channel.BasicAcksAsync += (_, ack) => Confirm(ack.DeliveryTag, ack.Multiple);
        channel.BasicNacksAsync += (_, _) => Lose("The broker did not take an event.");
        // It is confirmed all the same, right behind this.
        channel.BasicReturnAsync += (_, _) => Lose("There is no stream of that name any more.");
        channel.ChannelShutdownAsync += (_, reason) => Lose(reason.ReplyText);
        connection.ConnectionBlockedAsync += (_, blocked) => SetBlocked(blocked.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => SetBlocked(null);
    }

    public Task<Exception> Lost => _lost.Task;

    public string? Blocked => _blocked;

    internal static async Task<IStreamWriter> OpenAsync(
        IConnection connection, string stream, IWriterObserver observer, CancellationToken cancellationToken)
    {
        var options = new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        var channel = await connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
        return new RabbitMQWriter(connection, channel, stream, observer);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _channel.BasicPublishAsync(DefaultExchange, _stream, mandatory: true, NoProperties, message, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isOver = true;
        await _connection.DisposeQuietlyAsync().ConfigureAwait(false);
    }

    private Task Confirm(ulong number, bool all)
    {
        lock (_gate)
        {
            if (!_isOver)
                _observer.Confirmed(number, all);
        }

        return Task.CompletedTask;
    }

    private Task Lose(string reason)
    {
        lock (_gate)
            _isOver = true;
        _lost.TrySetResult(new IOException(reason));
        _observer.Changed();
        return Task.CompletedTask;
    }

    private Task SetBlocked(string? reason)
    {
        _blocked = reason;
        _observer.Changed();
        return Task.CompletedTask;
    }
}
