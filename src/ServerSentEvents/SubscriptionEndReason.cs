namespace ServerSentEvents;

/// <summary>Reasons for the end of a subscription.</summary>
/// <remarks>A subscription keeps its first reason, whatever happens to it later.</remarks>
public enum SubscriptionEndReason
{
    /// <summary>The subscription was ended at once, or the subscriber left its last channel.</summary>
    /// <remarks>
    /// <list type="bullet">
    /// <item>The reader left before the end of the stream.</item>
    /// <item>The writer, the initial data or a handler of <see cref="Publisher{TProperties}.Subscribed"/> failed.</item>
    /// <item><see cref="Subscription{TProperties}.Dispose"/> or <see cref="Publisher{TProperties}.Disconnect"/> was called.</item>
    /// <item><see cref="Subscription{TProperties}.Leave"/> or <see cref="Publisher{TProperties}.Unsubscribe"/> removed the
    /// subscriber from its last channel.</item>
    /// </list>
    /// </remarks>
    Unsubscribed,

    /// <summary>
    /// <see cref="Subscription{TProperties}.Close"/> was called, or the publisher's
    /// <see cref="Publisher{TProperties}.Close"/>, <see cref="Publisher{TProperties}.Drain"/> or
    /// <see cref="Publisher{TProperties}.Dispose"/>.
    /// </summary>
    Closed,

    /// <summary>
    /// The queue was full under <see cref="QueueOverflow.Disconnect"/>, or the history evicted a missed event before the reader reached
    /// it, under any policy.
    /// </summary>
    Overflowed,

    /// <summary>The reader's cancellation token was canceled.</summary>
    Canceled,

    /// <summary>
    /// The publisher had as many subscriptions as <see cref="PublisherOptions.MaxSubscribers"/> allows. The subscription had
    /// ended when <c>Subscribe</c> returned it.
    /// </summary>
    Refused,
}
