namespace ServerSentEvents.Internal.History;

/// <summary>Hashes of own ids, by channel, with the number of times that each was added.</summary>
/// <remarks>Guarded by the registry's lock. The latest 65,536 are kept, in about 3 MB.</remarks>
internal sealed class UsedIds
{
    private const int Capacity = 65_536;
    private const ulong OffsetBasis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private readonly Dictionary<ulong, int> _counts = [];
    private readonly Queue<ulong> _order = new();

    internal void Add(string channel, string id)
    {
        if (_order.Count == Capacity)
            Remove(_order.Dequeue());
        var hash = Hash(channel, id);
        _order.Enqueue(hash);
        _counts.TryGetValue(hash, out var count);
        _counts[hash] = count + 1;
    }

    /// <summary>Adds an id that is not there. Repeated replays of one event do not displace other ids.</summary>
    internal void AddOnce(string channel, string id)
    {
        if (Count(channel, id) == 0)
            Add(channel, id);
    }

    /// <summary>Returns how often an id is remembered for a channel.</summary>
    internal int Count(string channel, string id) => _counts.TryGetValue(Hash(channel, id), out var count) ? count : 0;

    private void Remove(ulong hash)
    {
        var count = _counts[hash];
        if (count == 1)
            _counts.Remove(hash);
        else
            _counts[hash] = count - 1;
    }

    /// <summary>Returns the FNV-1a hash. Two ids with one hash count as the same id; the worst result is a gap.</summary>
    private static ulong Hash(string channel, string id)
    {
        var hash = OffsetBasis;
        foreach (var character in channel)
            hash = (hash ^ character) * Prime;
        // Separate the two texts: "a" with "bc" must not have the hash of "ab" with "c".
        hash = (hash ^ char.MaxValue) * Prime;
        foreach (var character in id)
            hash = (hash ^ character) * Prime;
        return hash;
    }
}
