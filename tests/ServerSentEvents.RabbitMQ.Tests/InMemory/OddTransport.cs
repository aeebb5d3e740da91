using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>
/// A broker some of whose connections, by their number, refuse what is sent, take it and never say a word, or hand over
/// nothing of what there is to read; or one that takes its time.
/// </summary>
internal sealed class OddTransport(InMemoryStream stream) : IStreamTransport
{
    private volatile int _stuckReader;
    private volatile Task _takes = Task.CompletedTask;
    private volatile bool _isWaiting;
    private int _opened;
    private int _readersOpened;

    internal Func<int, bool> Refuses { get; init; } = static _ => false;

    internal Func<int, bool> Swallows { get; init; } = static _ => false;

    /// <summary>How many connections for writing there were.</summary>
    internal int Opened => _opened;

    /// <summary>How many connections for reading there were.</summary>
    internal int ReadersOpened => _readersOpened;

    /// <summary>Whether somebody waits for the broker to take what it sends.</summary>
    internal bool IsWaiting => _isWaiting;

    /// <summary>From here on that connection for reading hands over nothing, and is well otherwise.</summary>
    internal void GetStuck(int reader) => _stuckReader = reader;

    /// <summary>From here on the broker takes what is sent only when that task is done.</summary>
    internal void TakeAfter(Task task) => _takes = task;

    public async Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _opened);
        return new OddWriter(this, await stream.OpenWriterAsync(observer, cancellationToken), Refuses(number), Swallows(number));
    }

    public async Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _readersOpened);
        return new OddReader(this, await stream.OpenReaderAsync(cancellationToken), number);
    }

    private sealed class OddReader(OddTransport transport, IStreamReader reader, int number) : IStreamReader
    {
        public Task<Exception> Lost => reader.Lost;

        public Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken) =>
            reader.ReadAsync(
                start,
                (offset, body) =>
                {
                    if (transport._stuckReader != number)
                        sink(offset, body);
                },
                cancellationToken);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }

    private sealed class OddWriter(OddTransport transport, IStreamWriter writer, bool refuses, bool swallows) : IStreamWriter
    {
        public Task<Exception> Lost => writer.Lost;

        public string? Blocked => writer.Blocked;

        public async ValueTask SendAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
        {
            transport._isWaiting = true;
            await transport._takes;
            transport._isWaiting = false;
            if (refuses)
                throw new IOException("The broker refuses it.");
            if (!swallows)
                await writer.SendAsync(body, cancellationToken);
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
