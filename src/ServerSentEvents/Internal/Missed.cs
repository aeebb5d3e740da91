namespace ServerSentEvents.Internal;

/// <summary>Where a subscriber goes on, and what came after.</summary>
/// <param name="Position">The place of the last event that it had.</param>
/// <param name="Epoch">What that place is counted in.</param>
/// <param name="Entries">What it missed, in order.</param>
internal sealed record Missed<TProperties>(long Position, Epoch Epoch, List<HistoryEntry<TProperties>> Entries);
