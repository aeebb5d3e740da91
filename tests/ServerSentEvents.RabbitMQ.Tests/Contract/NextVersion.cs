using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>
/// The way to a stream of a later release's node: one that reads a version 2 of messages, which is version 1 in all but its
/// number, and writes it or does not yet.
/// </summary>
internal sealed class NextVersion(IStreamTransport transport, bool writes) : IStreamTransport
{
    private const byte Next = MessageFormat.Version + 1;

    public async Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken) =>
        new Writer(await transport.OpenWriterAsync(observer, cancellationToken), writes ? Next : MessageFormat.Version);

    public async Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        new Reader(await transport.OpenReaderAsync(cancellationToken));

    private sealed class Writer(IStreamWriter writer, byte version) : IStreamWriter
    {
        public Task<Exception> Lost => writer.Lost;

        public string? Blocked => writer.Blocked;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            var translated = message.ToArray();
            translated[0] = version;
            return writer.SendAsync(translated, cancellationToken);
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }

    private sealed class Reader(IStreamReader reader) : IStreamReader
    {
        public Task<Exception> Lost => reader.Lost;

        public Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken) =>
            reader.ReadAsync(
                start,
                (offset, body) =>
                {
                    var translated = body.ToArray();
                    if (translated[0] == Next)
                        translated[0] = MessageFormat.Version;
                    sink(offset, translated);
                },
                cancellationToken);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
