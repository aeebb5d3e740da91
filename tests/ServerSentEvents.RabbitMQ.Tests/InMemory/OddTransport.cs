using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>A broker some of whose connections, by their number, refuse what is sent, or take it and never say a word.</summary>
internal sealed class OddTransport(InMemoryStream stream) : IStreamTransport
{
    private int _opened;

    internal Func<int, bool> Refuses { get; init; } = static _ => false;

    internal Func<int, bool> Swallows { get; init; } = static _ => false;

    /// <summary>How many connections for writing there were.</summary>
    internal int Opened => _opened;

    public async Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _opened);
        return new OddWriter(await stream.OpenWriterAsync(observer, cancellationToken), Refuses(number), Swallows(number));
    }

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) => stream.OpenReaderAsync(cancellationToken);

    private sealed class OddWriter(IStreamWriter writer, bool refuses, bool swallows) : IStreamWriter
    {
        public Task<Exception> Lost => writer.Lost;

        public string? Blocked => writer.Blocked;

        public ValueTask SendAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
            refuses ? throw new IOException("The broker refuses it.")
            : swallows ? ValueTask.CompletedTask
            : writer.SendAsync(body, cancellationToken);

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
