using ServerSentEvents.Internal.Channels;

namespace ServerSentEvents.Internal.History;

/// <summary>The last events of one channel.</summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed class ChannelHistory<TProperties>(string name, HistoryFloor floor, UsedIds usedIds)
{
    private const int SmallestSegment = 4;
    private const int LargestSegment = 1_024;

    /// <summary>The segments, the oldest first. Only the last one can have lost all of its entries.</summary>
    private readonly List<HistorySegment<TProperties>> _segments = [];

    /// <summary>By own id: the position of the last event that has it, and the number of such events. Null until there is one.</summary>
    private Dictionary<string, (long Position, int Count)>? _ownIds;

    internal string Name { get; } = name;

    /// <summary>The newest evicted event.</summary>
    internal HistoryFloor Floor { get; private set; } = floor;

    /// <summary>The position of the newest event, even if it was evicted.</summary>
    internal long NewestPosition { get; private set; } = floor.Position;

    /// <summary>The position of the newest personalized event, even if it was evicted.</summary>
    internal long NewestPersonalizedPosition { get; private set; } = -1;

    internal int Count { get; private set; }

    /// <summary>The oldest event. Call only if there is one.</summary>
    internal HistoryEntry<TProperties> Oldest => _segments[0].Oldest!;

    /// <summary>Adds an event. Evict the oldest one first if there are as many as the capacity.</summary>
    internal void Add(HistoryEntry<TProperties> entry, int capacity)
    {
        SegmentForNext(capacity).Add(entry);
        Count++;
        NewestPosition = entry.Position;
        if (entry.Shared is null)
            NewestPersonalizedPosition = entry.Position;

        if (entry.OwnId is { Length: > 0 } ownId)
            AddOwnId(ownId, entry.Position);
    }

    /// <summary>Adds the own id that an entry got after it was added. Returns false if this history does not have the entry.</summary>
    internal bool TryAddLateId(HistoryEntry<TProperties> entry, string id)
    {
        // The entry can be evicted, or be of a history that a backplane has replaced.
        if (entry.Position <= Floor.Position || !ReferenceEquals(CursorAfter(entry.Position - 1)?.Entry, entry))
            return false;
        AddOwnId(id, entry.Position);
        return true;
    }

    /// <summary>Evicts and returns the oldest event. Call only if there is one.</summary>
    internal HistoryEntry<TProperties> EvictOldest()
    {
        var segment = _segments[0];
        var entry = segment.Oldest!;
        segment.EvictOldest();
        Count--;
        if (segment.IsEvicted)
        {
            segment.Next = null;
            _segments.RemoveAt(0);
        }

        Floor = new(entry.Position, entry.OwnId);
        if (entry.OwnId is not { Length: > 0 } ownId)
            return entry;
        usedIds.Add(Name, ownId);
        var known = _ownIds![ownId];
        if (known.Count == 1)
            _ownIds.Remove(ownId);
        else
            _ownIds[ownId] = (known.Position, known.Count - 1);
        return entry;
    }

    private void AddOwnId(string id, long position)
    {
        _ownIds ??= new(StringComparer.Ordinal);
        _ownIds.TryGetValue(id, out var known);
        _ownIds[id] = (Math.Max(known.Position, position), known.Count + 1);
    }

    /// <summary>Returns the position of the last event that has an own id, and the number of such events.</summary>
    internal (long Position, int Count) Find(string ownId) =>
        _ownIds is not null && _ownIds.TryGetValue(ownId, out var known) ? known : default;

    /// <summary>Returns a cursor to the first event after a position; null if there is none.</summary>
    internal HistoryCursor<TProperties>? CursorAfter(long position)
    {
        if (NewestPosition <= position || _segments.Count == 0)
            return null;
        var (low, high) = (0, _segments.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_segments[middle].Newest.Position <= position)
                low = middle + 1;
            else
                high = middle;
        }

        var segment = _segments[low];
        var index = segment.IndexAfter(position);
        return new(segment, index, NewestPosition);
    }

    private HistorySegment<TProperties> SegmentForNext(int capacity)
    {
        var last = _segments.Count > 0 ? _segments[^1] : null;
        if (last is { IsFull: false })
            return last;
        var length = Math.Min(capacity, last is null ? SmallestSegment : Math.Min(last.Capacity * 2, LargestSegment));
        var segment = new HistorySegment<TProperties>(length);
        if (last is not null)
            last.Next = segment;
        _segments.Add(segment);
        return segment;
    }
}
