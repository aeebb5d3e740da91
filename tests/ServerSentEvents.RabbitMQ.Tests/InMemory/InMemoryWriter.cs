using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>Writes to a stream in memory.</summary>
internal sealed class InMemoryWriter(InMemoryStream stream, IWriterObserver observer) : InMemoryConnection(stream), IStreamWriter
{
    private ulong _number;

    public string? Blocked => Stream.Blocked;

    public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (Lost.IsCompleted)
            throw new IOException("Lost.");
        _number++;
        Stream.Append(message.Span);
        if (Stream.Confirms)
            observer.Confirmed(_number, all: false);
        return default;
    }

    internal override void Wake() => observer.Changed();
}
