namespace ServerSentEvents.Internal.Queues;

/// <summary>The room that a source finds in a queue before it publishes an event.</summary>
internal enum QueueRoom
{
    /// <summary>At most half of each bound is used, and the event fits.</summary>
    Ample,

    /// <summary>More than half of a bound is used, and the event fits.</summary>
    Scarce,

    /// <summary>The event does not fit.</summary>
    None,
}

/// <summary>The events and bytes that a source can publish before it looks at the queues again.</summary>
internal struct RoomBudget
{
    /// <summary>
    /// The part of a queue that a source can fill between two looks: an eighth. Other sources and publishers use the same
    /// queues, and half of each queue is left for them.
    /// </summary>
    private const int Divisor = 8;

    private int _events;
    private long _bytes;

    /// <summary>A budget for channels without subscribers.</summary>
    internal static RoomBudget Largest => new() { _events = int.MaxValue, _bytes = long.MaxValue };

    /// <summary>Takes one event of a length from the budget. Returns false if a new look is necessary.</summary>
    internal bool TryTake(int length)
    {
        if (_events < 1 || length > _bytes)
            return false;
        Take(length);
        return true;
    }

    /// <summary>Takes one event without a check, after a look has found room for it.</summary>
    internal void Take(int length)
    {
        _events--;
        _bytes -= length;
    }

    /// <summary>Reduces the budget to the part of one queue that a source can fill between two looks.</summary>
    internal void LimitToPart(QueueLimits limits)
    {
        _events = Math.Min(_events, Math.Max(1, limits.Capacity / Divisor));
        _bytes = Math.Min(_bytes, limits.CapacityBytes / Divisor);
    }

    /// <summary>
    /// Reduces the budget to what is left of the first half of one queue. One event more is allowed, because a source waits only above
    /// the half.
    /// </summary>
    internal void LimitToHalf(QueueLimits limits, int queuedEvents, long queuedBytes)
    {
        _events = Math.Min(_events, (limits.Capacity / 2) - queuedEvents + 1);
        _bytes = Math.Min(_bytes, (limits.CapacityBytes / 2) - queuedBytes);
    }

    /// <summary>Leaves a part of the budget to other sources.</summary>
    internal void DivideBy(int sources)
    {
        _events = Math.Max(1, _events / sources);
        _bytes /= sources;
    }
}
