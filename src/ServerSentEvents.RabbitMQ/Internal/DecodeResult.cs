namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>What became of reading a message.</summary>
internal enum DecodeResult
{
    Decoded,

    /// <summary>A later version of this library has written it.</summary>
    UnknownVersion,

    /// <summary>It is not as anybody would have written it.</summary>
    Damaged,
}
