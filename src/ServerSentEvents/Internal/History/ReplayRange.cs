using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>Where a subscriber goes on, and what came after.</summary>
/// <param name="Position">The place of the last event that it had.</param>
/// <param name="Epoch">What that place is counted in.</param>
/// <param name="Entries">What it missed, in order.</param>
internal sealed record ReplayRange<TProperties>(long Position, Epoch Epoch, List<HistoryEntry<TProperties>> Entries);
