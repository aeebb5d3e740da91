namespace ServerSentEvents.Internal.Queues;

/// <summary>A source that waits until the reader of one queue has made room.</summary>
internal abstract class RoomWaiter
{
    private volatile bool _isWaiting;

    /// <summary>True from <see cref="RoomWaiters.Add"/> until the queue has room, or has ended.</summary>
    internal bool IsWaiting => _isWaiting;

    /// <summary>The length of the event that needs room.</summary>
    internal int Length { get; set; }

    /// <summary>The next waiter of the same queue. Set when the waiter is added.</summary>
    internal RoomWaiter? Next { get; private set; }

    /// <summary>The largest <see cref="Length"/> of this waiter and the next ones. Set when the waiter is added.</summary>
    internal int LargestLength { get; private set; }

    internal void BeginWaiting(RoomWaiter? next)
    {
        Next = next;
        LargestLength = Math.Max(Length, next?.LargestLength ?? 0);
        _isWaiting = true;
    }

    internal void Wake()
    {
        _isWaiting = false;
        OnWoken();
    }

    /// <summary>Continues the source. Called by a reader, or under the registry's lock: must not run other code.</summary>
    protected abstract void OnWoken();
}

/// <summary>
/// The sources that wait until the reader of a queue has made room. A mutable struct, so that a queue that no source waits for
/// needs no further object.
/// </summary>
internal struct RoomWaiters
{
    /// <summary>The waiters, as a linked list. Changed by interlocked operations.</summary>
    private RoomWaiter? _first;

    internal bool IsEmpty => Volatile.Read(ref _first) is null;

    /// <summary>The length of the largest event that needs room.</summary>
    internal int LargestLength => Volatile.Read(ref _first)?.LargestLength ?? 0;

    /// <summary>Adds a waiter that is in no list. Afterwards the caller has to look for room that was made before.</summary>
    internal void Add(RoomWaiter waiter)
    {
        var first = Volatile.Read(ref _first);
        while (true)
        {
            waiter.BeginWaiting(first);
            var before = Interlocked.CompareExchange(ref _first, waiter, first);
            if (ReferenceEquals(before, first))
                return;
            first = before;
        }
    }

    /// <summary>Removes all waiters, and continues their sources.</summary>
    internal void WakeAll()
    {
        if (IsEmpty)
            return;
        var waiter = Interlocked.Exchange(ref _first, null);
        while (waiter is not null)
        {
            // The source can add the waiter again as soon as it is awake.
            var next = waiter.Next;
            waiter.Wake();
            waiter = next;
        }
    }
}
