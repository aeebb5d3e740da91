namespace ServerSentEvents.Internal.Channels;

/// <summary>The newest event that the history of a channel has lost. No later event of the channel is missing.</summary>
/// <param name="Position">The position of the event, or a later one if only that is known.</param>
/// <param name="OwnId">The id that the application gave the event at this position; null for none.</param>
internal readonly record struct HistoryFloor(long Position, string? OwnId);
