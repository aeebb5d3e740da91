namespace ServerSentEvents.Tests.Model;

/// <summary>A model of a queue that conflates: a list, in which each event looks for its place.</summary>
/// <param name="capacity">The bound in events.</param>
/// <param name="capacityBytes">The bound in bytes.</param>
/// <param name="overflow">The action for a full queue.</param>
internal sealed class ConflatingList(int capacity, long capacityBytes, QueueOverflow overflow)
{
    /// <summary>The data of a gap event.</summary>
    internal const string Gap = "gap";

    private readonly List<Entry> _waiting = [];

    /// <summary>True if a gap event comes before the first entry.</summary>
    private bool _hasHole;

    private bool _hasEnded;

    internal List<string> HasRead { get; } = [];

    internal long Dropped { get; private set; }

    internal int Count => _waiting.Count;

    internal long Bytes => _waiting.Sum(entry => entry.Bytes);

    internal void Publish(ConflationStep step, string data, int bytes)
    {
        if (_hasEnded)
            return;
        var entry = new Entry(step.Key, data, bytes, CanBeReplaced: step.Key is not null && !step.HasOwnId);
        var place = entry.CanBeReplaced ? _waiting.FindLastIndex(other => other.Key == entry.Key) : -1;
        if (place < 0 || !_waiting[place].CanBeReplaced || !TryReplace(place, entry))
            Add(entry);
    }

    internal void Read()
    {
        if (_waiting.Count == 0)
            return;
        if (_hasHole)
        {
            HasRead.Add(Gap);
            _hasHole = false;
            return;
        }

        HasRead.Add(_waiting[0].Data);
        _waiting.RemoveAt(0);
    }

    internal void ReadAll()
    {
        while (_waiting.Count > 0)
            Read();
    }

    /// <summary>Replaces an entry, or does what the subscriber chose. Returns false if the entry itself was dropped.</summary>
    private bool TryReplace(int place, Entry entry)
    {
        while (Bytes - _waiting[place].Bytes + entry.Bytes > capacityBytes && Bytes != _waiting[place].Bytes)
        {
            if (overflow == QueueOverflow.DropOldest)
            {
                DropFirst();
                if (--place < 0)
                    return false;
                continue;
            }

            RejectNewest();
            return true;
        }

        _waiting[place] = entry;
        return true;
    }

    private void Add(Entry entry)
    {
        while (_waiting.Count >= capacity || (Bytes > 0 && Bytes + entry.Bytes > capacityBytes))
        {
            if (overflow != QueueOverflow.DropOldest)
            {
                RejectNewest();
                return;
            }

            DropFirst();
        }

        _waiting.Add(entry);
    }

    private void DropFirst()
    {
        _waiting.RemoveAt(0);
        Dropped++;
        _hasHole = true;
    }

    private void RejectNewest()
    {
        if (overflow == QueueOverflow.Disconnect)
        {
            _hasEnded = true;
            return;
        }

        Dropped++;
        if (_waiting[^1].Data != Gap)
            _waiting.Add(new(Key: null, Gap, Bytes: 0, CanBeReplaced: false));
    }

    private sealed record Entry(string? Key, string Data, int Bytes, bool CanBeReplaced);
}

/// <summary>An operation on a queue that conflates.</summary>
/// <param name="Key">The key of the event; null for an event without a key.</param>
/// <param name="IsRead">True to read instead of publishing.</param>
/// <param name="HasOwnId">True if the application gives the event an id.</param>
/// <param name="IsPersonalized">True if a function makes the event.</param>
/// <param name="Padding">The number of characters to add to the data.</param>
/// <param name="Channels">The channels of the event, separated by spaces.</param>
internal sealed record ConflationStep(
    string? Key, bool IsRead, bool HasOwnId, bool IsPersonalized, int Padding, string Channels);
