using RabbitMQ.Client;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A connection that appends. It forwards confirmations; the library's own tracking would wait for each one.</summary>
internal sealed class RabbitMQWriter : IStreamWriter
{
    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly CachedString _stream;
    private readonly IStreamWriterObserver _observer;

    /// <summary>True when later confirmations do not count. Guarded by <see cref="_gate"/>.</summary>
    private bool _isOver;

    private volatile string? _blocked;

    internal RabbitMQWriter(IConnection connection, IChannel channel, string stream, IStreamWriterObserver observer)
    {
        (_connection, _channel, _stream, _observer) = (connection, channel, new CachedString(stream), observer);
        channel.BasicAcksAsync += (_, ack) => Confirm((long)ack.DeliveryTag, ack.Multiple);
        channel.BasicNacksAsync += (_, _) => Lose(new IOException("The broker has not accepted an event."));
        // The broker confirms a returned message, after this.
        channel.BasicReturnAsync += (_, _) => Lose(new IOException("The stream does not exist."));
        channel.ChannelShutdownAsync += (_, reason) => Lose(RabbitMQErrors.Explain(reason));
        connection.ConnectionBlockedAsync += (_, blocked) => SetBlocked(blocked.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => SetBlocked(null);
    }

    public Task<Exception> Lost => _lost.Task;

    public string? Blocked => _blocked;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _channel.PublishAsync(_stream, mandatory: true, message, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isOver = true;
        await _connection.CloseQuietlyAsync().ConfigureAwait(false);
    }

    private Task Confirm(long number, bool all)
    {
        lock (_gate)
        {
            if (!_isOver)
                _observer.Confirmed(number, all);
        }

        return Task.CompletedTask;
    }

    private Task Lose(Exception reason)
    {
        lock (_gate)
            _isOver = true;
        _lost.TrySetResult(reason);
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
