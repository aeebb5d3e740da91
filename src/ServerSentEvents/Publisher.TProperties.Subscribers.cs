namespace ServerSentEvents;

/// <content>Members that list subscribers, and that end their subscriptions.</content>
public partial class Publisher<TProperties>
{
    /// <summary>Returns the subscribers of the channels.</summary>
    /// <param name="channels">The channels to look at. The default is <see cref="DefaultChannel"/>.</param>
    /// <returns>
    /// A snapshot: each current subscriber once, in no particular order. It is empty after <see cref="Dispose"/>. The
    /// list does not change later.
    /// </returns>
    /// <exception cref="ArgumentException">A channel name is null or empty.</exception>
    public IReadOnlyList<Subscription<TProperties>> GetSubscribers(ChannelNames channels = default) =>
        _core.Registry.GetSubscriptions(channels);

    /// <summary>Returns the subscribers of all channels.</summary>
    /// <returns>
    /// A snapshot: each current subscriber once, in no particular order. It is empty after <see cref="Dispose"/>. The
    /// list does not change later.
    /// </returns>
    public IReadOnlyList<Subscription<TProperties>> GetAllSubscribers() => _core.Registry.GetAllSubscriptions();

    /// <summary>Returns the names of the channels that have a subscriber.</summary>
    /// <returns>
    /// A snapshot: each name once, in no particular order. It is empty after <see cref="Dispose"/>. The list does not
    /// change later.
    /// </returns>
    /// <remarks>A channel exists while it has subscribers. A channel with a history but without subscribers is not listed.</remarks>
    public IReadOnlyList<string> GetChannels() => _core.Registry.GetChannels();

    /// <summary>Removes matching subscribers from channels.</summary>
    /// <param name="channels">The channels to leave. The default is <see cref="DefaultChannel"/>.</param>
    /// <param name="match">
    /// A function that selects subscribers by their properties, or null for all. It runs once for each subscriber of the
    /// channels, on this thread, outside every lock. If it throws, no subscriber is removed, and this method throws the
    /// same exception.
    /// </param>
    /// <returns>
    /// The number of subscribers that left at least one channel, 0 or more. It is 0 after <see cref="Dispose"/>.
    /// </returns>
    /// <remarks>
    /// A subscription without remaining channels ends with <see cref="SubscriptionEndReason.Unsubscribed"/>. Its queued
    /// events are still delivered, within the limits of <see cref="PublisherOptions.LingerTimeout"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">A channel name is null or empty.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int Unsubscribe(ChannelNames channels = default, Func<TProperties, bool>? match = null) =>
        _core.Unsubscribe(channels, match);

    /// <summary>Ends matching subscriptions of all channels at once, for example when a user logs out.</summary>
    /// <param name="match">
    /// A function that selects subscribers by their properties. It runs once for each subscriber, on this thread, outside
    /// every lock. If it throws, no subscription is ended, and this method throws the same exception.
    /// </param>
    /// <returns>
    /// The number of subscriptions that this call ended, 0 or more. It is 0 after <see cref="Dispose"/>.
    /// </returns>
    /// <remarks>
    /// <para>The subscriptions end with <see cref="SubscriptionEndReason.Unsubscribed"/>. Their queues are dropped at
    /// once, as with <see cref="Subscription{TProperties}.Dispose"/>: nothing further is delivered. Only bytes that were
    /// already handed to a writer can still reach the client.</para>
    /// <para>All matching subscriptions end in one step. Then the handlers of <see cref="Unsubscribed"/> run, on this
    /// thread. A subscription whose <c>Subscribe</c> has not yet returned because it makes missed personalized events is
    /// included.</para>
    /// <para>A subscription that begins during this call, and a client that reconnects, are not affected. Make sure that
    /// the user can no longer subscribe before you call this method. Subscriptions that ended before are not affected
    /// either: what they have queued is still delivered, within the limits of
    /// <see cref="PublisherOptions.LingerTimeout"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="match"/> is null.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int Disconnect(Func<TProperties, bool> match)
    {
        ArgumentNullException.ThrowIfNull(match);
        return _core.Disconnect(match);
    }
}
