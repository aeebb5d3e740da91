namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Takes a message of the stream, one after the other in the stream's order. The body is the sink's for the call alone.
/// </summary>
internal delegate void MessageSink(long offset, ReadOnlySpan<byte> body);
