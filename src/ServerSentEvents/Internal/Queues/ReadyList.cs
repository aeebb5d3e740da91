namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// A linked list of the copies that have something to write. A publish collects them under the registry's lock, and hands them
/// over with one operation after the lock.
/// </summary>
internal struct ReadyList
{
    internal QueueCopy? First { get; private set; }

    internal QueueCopy? Last { get; private set; }

    internal int Count { get; private set; }

    internal void Add(QueueCopy copy)
    {
        if (Last is null)
            First = copy;
        else
            Last.NextReady = copy;
        Last = copy;
        Count++;
    }

    internal void Append(in ReadyList other)
    {
        if (other.First is null)
            return;
        if (Last is null)
            First = other.First;
        else
            Last.NextReady = other.First;
        Last = other.Last;
        Count += other.Count;
    }

    internal QueueCopy? RemoveFirst()
    {
        var first = First;
        if (first is null)
            return null;
        First = first.NextReady;
        if (First is null)
            Last = null;
        first.NextReady = null;
        Count--;
        return first;
    }
}
