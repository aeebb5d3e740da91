namespace ServerSentEvents;

/// <summary>Actions for a new event when a subscriber's queue is full.</summary>
/// <remarks>
/// A queue is full for an event if the event does not fit into <see cref="PublisherOptions.QueueCapacity"/> or
/// <see cref="PublisherOptions.QueueCapacityBytes"/>. An empty queue takes an event of any size. The action affects this
/// subscriber only: the publisher does not wait, and other subscribers get the event.
/// </remarks>
public enum QueueOverflow
{
    /// <summary>
    /// Ends the subscription with <see cref="SubscriptionEndReason.Overflowed"/>. The queued events are still delivered,
    /// the new event is not. Then the stream ends, and the client can reconnect. This is the default.
    /// </summary>
    Disconnect,

    /// <summary>
    /// Drops the oldest queued events until the new event fits, and counts them in
    /// <see cref="Subscription{TProperties}.DroppedEvents"/>. Use it if only the newest value matters, such as a price. An event
    /// that is being written cannot be dropped. A new event that does not fit beside it is dropped, too: with events of more than
    /// half of <see cref="PublisherOptions.QueueCapacityBytes"/>, set a <see cref="PublisherOptions.GapEvent"/>.
    /// </summary>
    DropOldest,

    /// <summary>
    /// Drops the new event, and counts it in <see cref="Subscription{TProperties}.DroppedEvents"/>. Use it if the first
    /// events matter most, such as the first lines of a long log.
    /// </summary>
    DropNewest,
}
