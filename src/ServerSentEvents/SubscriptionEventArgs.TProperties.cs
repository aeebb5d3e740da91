namespace ServerSentEvents;

/// <summary>
/// Tells of a subscription that has begun or ended, for <see cref="Publisher{TProperties}.Subscribed"/> and
/// <see cref="Publisher{TProperties}.Unsubscribed"/>.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
public sealed class SubscriptionEventArgs<TProperties> : EventArgs
{
    /// <summary>Tells of <paramref name="subscription"/>.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="subscription"/> is null.</exception>
    public SubscriptionEventArgs(Subscription<TProperties> subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        Subscription = subscription;
    }

    /// <summary>
    /// The subscription that has begun or ended. Of one that has ended, <see cref="Subscription{TProperties}.Channels"/>
    /// still names the channels that it was in last, and <see cref="Subscription{TProperties}.EndReason"/> says why.
    /// </summary>
    public Subscription<TProperties> Subscription { get; }
}
