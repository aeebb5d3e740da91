namespace ServerSentEvents;

/// <summary>Why a subscription has ended. The first reason stays, whatever comes after it.</summary>
public enum SubscriptionEndReason
{
    /// <summary>
    /// The reader left (its enumeration ended before the stream did, or the subscription was disposed of), or
    /// <see cref="Publisher{TProperties}.Unsubscribe"/> removed it from the last of its channels.
    /// </summary>
    Unsubscribed,

    /// <summary>
    /// <see cref="Publisher{TProperties}.Close"/>, <see cref="Publisher{TProperties}.Dispose"/> or
    /// <see cref="Subscription{TProperties}.Close"/> was called.
    /// </summary>
    Closed,

    /// <summary>Its queue was full, under <see cref="QueueOverflow.Disconnect"/>.</summary>
    Overflowed,

    /// <summary>The token of its enumeration was canceled.</summary>
    Canceled,
}
