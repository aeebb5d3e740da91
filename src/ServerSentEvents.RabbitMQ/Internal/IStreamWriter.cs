namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Appends to the stream. Messages are numbered from 1 as they are sent, and confirmed by that number.</summary>
internal interface IStreamWriter : IStreamConnection
{
    /// <summary>Why the broker takes nothing for now; null while it does.</summary>
    string? Blocked { get; }

    /// <summary>Sends a message, without waiting for its confirmation. To be called by one caller at a time.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}
