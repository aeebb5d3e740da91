using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// A place in a channel. As a struct it is stored without the type check that an array of an abstract class makes, which took
/// a fifth of the time of a publish.
/// </summary>
internal readonly record struct QueueSlot(QueueItem Item);

/// <summary>A queue that has ended and is empty, for a subscription that has let go of its queue.</summary>
internal sealed class EndedQueue : SubscriptionQueue
{
    internal EndedQueue()
        : base(new(Capacity: 1, CapacityBytes: 1, QueueOverflow.Disconnect)) => Writer.TryComplete();

    protected override ByteMeter? Meter => null;
}

/// <summary>The bounds of a queue, shared by all queues of a publisher that have no others.</summary>
/// <param name="Capacity">The largest number of frames.</param>
/// <param name="CapacityBytes">The largest number of bytes.</param>
/// <param name="Overflow">What happens when a bound is reached.</param>
internal sealed record QueueLimits(int Capacity, long CapacityBytes, QueueOverflow Overflow);

/// <summary>What became of a frame.</summary>
internal enum QueueWriteResult
{
    Added,

    /// <summary>It was left out, as the subscriber chose, or there was nothing to send.</summary>
    Dropped,

    /// <summary>There was no room, and the subscription has to end.</summary>
    Overflowed,
}
