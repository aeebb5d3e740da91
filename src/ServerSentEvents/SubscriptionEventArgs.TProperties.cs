namespace ServerSentEvents;

/// <summary>
/// Data for the events <see cref="Publisher{TProperties}.Subscribed"/> and
/// <see cref="Publisher{TProperties}.Unsubscribed"/>.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>Immutable, and safe to use from any thread.</remarks>
public sealed class SubscriptionEventArgs<TProperties> : EventArgs
{
    /// <summary>Initializes the event data for a subscription.</summary>
    /// <param name="subscription">The subscription that has begun or ended.</param>
    /// <exception cref="ArgumentNullException"><paramref name="subscription"/> is null.</exception>
    public SubscriptionEventArgs(Subscription<TProperties> subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        Subscription = subscription;
    }

    /// <summary>Gets the subscription that has begun or ended.</summary>
    /// <remarks>
    /// After the end, <see cref="Subscription{TProperties}.Channels"/> still returns the last channels, and
    /// <see cref="Subscription{TProperties}.EndReason"/> the reason.
    /// </remarks>
    public Subscription<TProperties> Subscription { get; }
}
