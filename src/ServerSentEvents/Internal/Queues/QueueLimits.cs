using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>The bounds of a queue. All queues of a publisher without individual bounds share one instance.</summary>
/// <param name="Capacity">The largest number of frames.</param>
/// <param name="CapacityBytes">The largest number of bytes.</param>
/// <param name="Overflow">The action when a bound is reached.</param>
/// <param name="GapFrame">The event that shows the client that events were dropped; null for none.</param>
internal sealed record QueueLimits(int Capacity, long CapacityBytes, QueueOverflow Overflow, Frame? GapFrame = null);

/// <summary>The result of writing a frame.</summary>
internal enum QueueWriteResult
{
    Added,

    /// <summary>The frame was left out, as the subscriber chose, or there was nothing to send.</summary>
    Dropped,

    /// <summary>There was no room, and the subscription has to end.</summary>
    Overflowed,
}
