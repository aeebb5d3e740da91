namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A message as it was read.</summary>
/// <param name="Id">Who wrote it, and its number there.</param>
/// <param name="Epoch">The epoch that its writer took the stream to be in; 0 where it did not know.</param>
/// <param name="SentAt">When it was sent, in microseconds since 1970, by its writer's clock.</param>
/// <param name="IsSentAgain">Whether the stream may have it already.</param>
/// <param name="Events">What it has for subscribers, in order; nothing in a marker.</param>
internal readonly record struct StreamMessage(
    MessageId Id, ulong Epoch, long SentAt, bool IsSentAgain, IReadOnlyList<StreamEvent> Events);
