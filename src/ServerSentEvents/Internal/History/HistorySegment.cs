namespace ServerSentEvents.Internal.History;

/// <summary>
/// A piece of a channel's history. Entries are added at the end and evicted at the front. Replays read it without a lock.
/// </summary>
/// <param name="capacity">The number of entries that it can hold.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <remarks>Written under the registry's lock.</remarks>
internal sealed class HistorySegment<TProperties>(int capacity)
{
    private readonly HistoryEntry<TProperties>?[] _entries = new HistoryEntry<TProperties>?[capacity];

    private int _evicted;

    /// <summary>
    /// The next segment; null for none. It is set to null when this segment is evicted, so that a slow replay keeps only one
    /// segment in memory.
    /// </summary>
    internal volatile HistorySegment<TProperties>? Next;

    internal int Capacity => _entries.Length;

    /// <summary>The number of entries that were ever added.</summary>
    internal int Count { get; private set; }

    internal bool IsFull => Count == _entries.Length;

    /// <summary>True if all entries that it can hold were evicted.</summary>
    internal bool IsEvicted => _evicted == _entries.Length;

    internal HistoryEntry<TProperties>? Oldest => _evicted < Count ? _entries[_evicted] : null;

    internal HistoryEntry<TProperties> Newest => _entries[Count - 1]!;

    internal void Add(HistoryEntry<TProperties> entry) => Volatile.Write(ref _entries[Count++], entry);

    internal void EvictOldest() => Volatile.Write(ref _entries[_evicted++], null);

    /// <summary>Reads an entry; null if it was evicted, or not yet added.</summary>
    internal HistoryEntry<TProperties>? Read(int index) => Volatile.Read(ref _entries[index]);

    /// <summary>Returns the index of the first entry after a position. Needs the registry's lock.</summary>
    internal int IndexAfter(long position)
    {
        var (low, high) = (_evicted, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_entries[middle]!.Position <= position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
