using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>A node's way to a stream on which what it reads can be held up, while others read on.</summary>
internal sealed class DelayedReads(IStreamTransport stream) : IStreamTransport
{
    private readonly ManualResetEventSlim _open = new(initialState: true);

    public Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken) =>
        stream.OpenWriterAsync(observer, cancellationToken);

    public async Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        new Reader(await stream.OpenReaderAsync(cancellationToken), _open);

    internal void Hold() => _open.Reset();

    internal void Release() => _open.Set();

    private sealed class Reader(IStreamReader reader, ManualResetEventSlim open) : IStreamReader
    {
        public Task<Exception> Lost => reader.Lost;

        public Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken) =>
            reader.ReadAsync(
                start,
                (offset, body) =>
                {
                    open.Wait(CancellationToken.None);
                    sink(offset, body);
                },
                cancellationToken);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
