namespace ServerSentEvents.Internal.Queues;

/// <content>The room for sources, which wait for subscribers that read.</content>
internal abstract partial class SubscriptionQueue
{
    /// <summary>
    /// Looks for the room that a source needs for an event, and reduces its budget to the room up to half of the queue. Needs
    /// the registry's lock.
    /// </summary>
    internal QueueRoom FindRoom(int length, ref RoomBudget budget)
    {
        var (events, bytes) = (_items.Reader.Count, Bytes);
        budget.LimitToPart(_limits);
        if (events >= _limits.Capacity || !HasRoomFor(length, bytes, ownBytes: 0))
            return QueueRoom.None;
        if (IsMoreThanHalf(events, bytes))
            return QueueRoom.Scarce;
        budget.LimitToHalf(_limits, events, bytes);
        return QueueRoom.Ample;
    }

    /// <summary>
    /// Adds a waiter. It is woken when at most half of the queue is used and its event fits, or when the queue ends. Needs the
    /// registry's lock.
    /// </summary>
    internal void WaitForRoom(RoomWaiter waiter)
    {
        _roomWaiters.Add(waiter);
        // The reader may have looked for waiters before this one was added.
        WakeIfRoom();
    }

    /// <summary>Wakes all waiters, so that the queue keeps none of a source that has ended.</summary>
    internal void WakeRoomWaiters() => _roomWaiters.WakeAll();

    private bool IsMoreThanHalf(int events, long bytes) =>
        events > _limits.Capacity / 2 || bytes > _limits.CapacityBytes / 2;

    /// <summary>
    /// Wakes the sources that wait for room, if there is room for each. Without the lock, the bytes can be out of date: the
    /// sources look again.
    /// </summary>
    private void WakeIfRoom()
    {
        var (events, bytes) = (_items.Reader.Count, Bytes);
        if (!IsMoreThanHalf(events, bytes) && HasRoomFor(_roomWaiters.LargestLength, bytes, ownBytes: 0))
            _roomWaiters.WakeAll();
    }
}
