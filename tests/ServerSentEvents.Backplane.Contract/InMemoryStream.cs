using ServerSentEvents.Backplane.Internal.Publishing;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>A stream in memory that a test can stop, cut, replace and trim.</summary>
internal sealed class InMemoryStream(string name = "stream", string broker = "memory") : IStreamTransport
{
    /// <summary>The messages, by offset. A lock on this list guards all fields.</summary>
    private readonly List<(DateTimeOffset At, byte[] Body)> _messages = [];

    private readonly List<InMemoryConnection> _connections = [];
    private volatile string? _blocked;
    private Exception? _refusal;
    private long _first;

    public string Broker => broker;

    public string Stream => name;

    internal string? Blocked => _blocked;

    /// <summary>The places where readers started.</summary>
    internal List<StreamStart> Starts { get; } = [];

    internal List<byte[]> Messages
    {
        get
        {
            lock (_messages)
                return [.. _messages.Select(message => message.Body)];
        }
    }

    internal int Connections
    {
        get
        {
            lock (_messages)
                return _connections.Count;
        }
    }

    public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken) =>
        OpenAsync<IStreamWriter, InMemoryWriter>(new InMemoryWriter(this, observer), cancellationToken);

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        OpenAsync<IStreamReader, InMemoryReader>(new InMemoryReader(this), cancellationToken);

    internal long Append(ReadOnlySpan<byte> body)
    {
        lock (_messages)
        {
            _messages.Add((TimeProvider.System.GetUtcNow(), body.ToArray()));
            _connections.ForEach(connection => connection.Wake());
            return _messages.Count - 1;
        }
    }

    /// <summary>Appends a message over a connection.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    internal long Append(InMemoryConnection connection, ReadOnlySpan<byte> body)
    {
        lock (_messages)
            return connection.Lost.IsCompleted ? throw new IOException("Lost.") : Append(body);
    }

    /// <summary>Refuses new connections with a reason, and loses those that exist; null to take them again.</summary>
    internal void Refuse(Exception? reason) => Change(() => _refusal = reason, reason);

    internal void Stop() => Refuse(new IOException("The broker is away."));

    internal void Start() => Refuse(null);

    internal void Block(string? reason) => Change(() => _blocked = reason);

    /// <summary>Loses all connections.</summary>
    internal void Cut() => Change(() => { }, new IOException("Lost."));

    /// <summary>Replaces the stream by one with other messages.</summary>
    internal void Replace(params byte[][] messages) => Change(
        () =>
        {
            _messages.Clear();
            _messages.AddRange(messages.Select(message => (TimeProvider.System.GetUtcNow(), message)));
            _first = 0;
        },
        new IOException("The stream was deleted."));

    /// <summary>Removes all messages but the last ones. No reader or writer is notified.</summary>
    internal void KeepLast(int count) => Change(() => _first = _messages.Count - count);

    /// <summary>Returns the offset at which a reader starts.</summary>
    internal long Resolve(StreamStart start)
    {
        lock (_messages)
        {
            Starts.Add(start);
            if (start.Offset is { } offset)
                return offset;
            var since = start.Age is { } age ? TimeProvider.System.GetUtcNow() - age : DateTimeOffset.MinValue;
            var index = _messages.FindIndex(message => message.At >= since);
            return index >= 0 ? index : _messages.Count;
        }
    }

    /// <summary>
    /// Returns the message at an offset, or the first later one that is kept; null if there is none yet. A lost connection gets none: the
    /// stream may have been replaced.
    /// </summary>
    internal (long Offset, byte[] Body)? TryRead(InMemoryConnection connection, long offset)
    {
        lock (_messages)
        {
            var at = Math.Max(offset, _first);
            return connection.Lost.IsCompleted || at >= _messages.Count ? null : (at, _messages[(int)at].Body);
        }
    }

    internal void Remove(InMemoryConnection connection)
    {
        lock (_messages)
            _connections.Remove(connection);
    }

    private Task<TConnection> OpenAsync<TConnection, TImplementation>(TImplementation connection, CancellationToken cancellationToken)
        where TImplementation : InMemoryConnection, TConnection
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_messages)
        {
            if (_refusal is not null)
                throw _refusal;
            _connections.Add(connection);
        }

        return Task.FromResult<TConnection>(connection);
    }

    private void Change(Action change, Exception? loss = null)
    {
        lock (_messages)
        {
            change();
            if (loss is not null)
                _connections.ForEach(connection => connection.Lose(loss));
            _connections.ForEach(connection => connection.Wake());
        }
    }
}

/// <summary>A connection to a stream in memory.</summary>
internal abstract class InMemoryConnection(InMemoryStream stream) : IStreamConnection
{
    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Exception> Lost => _lost.Task;

    protected InMemoryStream Stream { get; } = stream;

    internal void Lose(Exception reason) => _lost.TrySetResult(reason);

    internal abstract void Wake();

    public virtual ValueTask DisposeAsync()
    {
        Stream.Remove(this);
        return default;
    }
}

/// <summary>Appends to a stream in memory.</summary>
internal sealed class InMemoryWriter(InMemoryStream stream, IStreamWriterObserver observer)
    : InMemoryConnection(stream), IStreamWriter
{
    private long _number;

    public string? Blocked => Stream.Blocked;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        Stream.Append(this, message.Span);
        observer.Confirmed(++_number, all: false);
        return default;
    }

    internal override void Wake() => observer.Changed();
}

/// <summary>Reads a stream in memory.</summary>
internal sealed class InMemoryReader(InMemoryStream stream) : InMemoryConnection(stream), IStreamReader
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Signal _signal = new();
    private Task _running = Task.CompletedTask;

    public Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        Task.FromResult(Stream.Append(this, message.Span));

    public Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        var next = Stream.Resolve(start);
        _running = Task.Run(() => RunAsync(next, handler), CancellationToken.None);
        return Task.CompletedTask;
    }

    internal override void Wake() => _signal.Set();

    public override async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await base.DisposeAsync();
    }

    private async Task RunAsync(long next, StreamMessageHandler handler)
    {
        var isFirst = true;
        try
        {
            while (true)
            {
                while (!_stopping.IsCancellationRequested && Stream.TryRead(this, next) is var (offset, body))
                {
                    var order = offset == 0 ? MessageOrder.First
                        : offset > next && !isFirst ? MessageOrder.AfterLoss
                        : MessageOrder.Next;
                    isFirst = false;
                    handler(offset, order, body);
                    next = offset + 1;
                }

                await _signal.WaitAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        catch (Exception exception)
        {
            Lose(exception);
        }
    }
}
