namespace ServerSentEvents;

/// <summary>Reasons for the end of a subscription.</summary>
/// <remarks>A subscription keeps its first reason, whatever happens to it later.</remarks>
public enum SubscriptionEndReason
{
    /// <summary>
    /// The reader left before the end of the stream, its writer or its initial data failed, a handler of <c>Subscribed</c> threw,
    /// <see cref="Subscription{TProperties}.Dispose"/> or <see cref="Publisher{TProperties}.Disconnect"/> was called, or
    /// <see cref="Subscription{TProperties}.Leave"/> or <see cref="Publisher{TProperties}.Unsubscribe"/> removed the subscriber from its
    /// last channel.
    /// </summary>
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
