namespace ServerSentEvents;

/// <summary>
/// What happens to a subscriber whose queue is full when a further event is published. Whatever is chosen, nobody else
/// notices: the publisher does not wait, and other subscribers get the event.
/// </summary>
public enum QueueOverflow
{
    /// <summary>
    /// The subscription ends with <see cref="SubscriptionEndReason.Overflowed"/>: what is queued is still delivered, the
    /// further event is not, and then the stream ends, so that the client knows and reconnects. The default.
    /// </summary>
    Disconnect,

    /// <summary>
    /// The oldest queued event makes room for the further one, and is counted in
    /// <see cref="Subscription{TProperties}.DroppedEvents"/>. Right where only the newest matters, like a price.
    /// </summary>
    DropOldest,

    /// <summary>
    /// The further event is not queued, and is counted in <see cref="Subscription{TProperties}.DroppedEvents"/>. Right
    /// where what came first matters, like the first lines of a long log.
    /// </summary>
    DropNewest,
}
