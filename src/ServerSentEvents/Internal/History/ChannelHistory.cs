namespace ServerSentEvents.Internal.History;

/// <summary>The last events of one channel, the oldest first.</summary>
/// <remarks>Needs the registry's lock throughout.</remarks>
internal sealed class ChannelHistory<TProperties>(string name, long evictedThrough)
{
    /// <summary>A ring that never was larger than this is left as it is.</summary>
    private const int SmallEnough = 16;

    /// <summary>A ring, as large as it has to be.</summary>
    private HistoryEntry<TProperties>[] _entries = [];

    /// <summary>Where the oldest entry stands in <see cref="_entries"/>.</summary>
    private int _oldest;

    private int _count;

    /// <summary>
    /// Where the application's own ids stand, and how many events have each: one that two have names no place. Null until
    /// there is one.
    /// </summary>
    private Dictionary<string, (long Position, int Count)>? _ownIds;

    /// <summary>The own id of the event at <see cref="EvictedThrough"/>, by which a client can still say that it has seen that.</summary>
    private string? _lastEvictedId;

    internal string Name { get; } = name;

    /// <summary>What is not after this position may have been forgotten.</summary>
    internal long EvictedThrough { get; private set; } = evictedThrough;

    /// <summary>The position of the newest event that there has been.</summary>
    internal long Newest { get; private set; } = evictedThrough;

    /// <summary>When the channel was last used, as a timestamp.</summary>
    internal long UsedAt { get; set; }

    /// <summary>Whether the channel stands in the line of those whose age is looked at.</summary>
    internal bool IsInLine { get; set; }

    internal void Add(HistoryEntry<TProperties> entry, int capacity)
    {
        while (_count >= capacity)
            Evict();
        if (_count == _entries.Length)
            Resize((int)Math.Min(Math.Max(_count * 2L, 1), capacity));
        _entries[(_oldest + _count++) % _entries.Length] = entry;
        Newest = entry.Position;

        if (entry.OwnId is not { Length: > 0 } ownId)
            return;
        _ownIds ??= new(StringComparer.Ordinal);
        _ownIds.TryGetValue(ownId, out var known);
        _ownIds[ownId] = (entry.Position, known.Count + 1);
    }

    /// <summary>Forgets what was published before a time.</summary>
    internal void EvictBefore(long timestamp)
    {
        while (_count > 0 && _entries[_oldest].PublishedAt < timestamp)
            Evict();
        if (_entries.Length > SmallEnough && _count <= _entries.Length / 4)
            Resize(_entries.Length / 2);
    }

    /// <summary>Where the one event with that id stands, if there is just one.</summary>
    internal long? Find(string ownId)
    {
        (long Position, int Count) known = default;
        _ownIds?.TryGetValue(ownId, out known);
        return (known.Count, string.Equals(ownId, _lastEvictedId, StringComparison.Ordinal)) switch
        {
            (0, true) => EvictedThrough,
            (1, false) => known.Position,
            _ => null,
        };
    }

    /// <summary>Adds what comes after a position to a list, in time that goes with what is added.</summary>
    internal void CopyAfter(long position, List<HistoryEntry<TProperties>> missed)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            var entry = _entries[(_oldest + i) % _entries.Length];
            if (entry.Position <= position)
                return;
            missed.Add(entry);
        }
    }

    private void Resize(int length)
    {
        var resized = new HistoryEntry<TProperties>[length];
        for (var i = 0; i < _count; i++)
            resized[i] = _entries[(_oldest + i) % _entries.Length];
        _entries = resized;
        _oldest = 0;
    }

    private void Evict()
    {
        var entry = _entries[_oldest];
        _entries[_oldest] = null!;
        _oldest = (_oldest + 1) % _entries.Length;
        _count--;

        EvictedThrough = entry.Position;
        _lastEvictedId = entry.OwnId;
        if (entry.OwnId is not { Length: > 0 } ownId || !_ownIds!.TryGetValue(ownId, out var known))
            return;
        if (known.Count == 1)
            _ownIds.Remove(ownId);
        else
            _ownIds[ownId] = (known.Position, known.Count - 1);
    }
}
