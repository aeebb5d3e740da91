namespace ServerSentEvents;

/// <content>The channels of a subscription, which can change while it is open.</content>
public sealed partial class Subscription<TProperties>
{
    /// <summary>Gets the channels of this subscription, each once. After the end, they are the last ones.</summary>
    /// <remarks>Each call returns a new copy, which does not change.</remarks>
    public IReadOnlyCollection<string> Channels => Core is { } core && Subscriber is { } subscriber
        ? core.Registry.ChannelsOf(subscriber)
        : [.. Final.Channels];

    /// <summary>Joins channels. The subscription gets what is published to them from now on.</summary>
    /// <param name="channels">
    /// The channels to join. Channels that the subscription is already in, and repeated names, are ignored.
    /// </param>
    /// <returns>
    /// True if the subscription joined at least one channel. False if it was in all of them, if the list is empty, or if
    /// the subscription has ended.
    /// </returns>
    /// <remarks>
    /// <para>All channels are joined in one step, which has a place in the order of events. If an event is published to
    /// several channels of the subscription, the subscription still gets the event once.</para>
    /// <para><b>Resuming.</b> The channels are not part of an event's id. When a client reconnects, name its joined channels in
    /// <see cref="SubscribeOptions{TProperties}.Channels"/> again. The client then gets the missed events of all named
    /// channels since its last event id. Channels that are joined after <c>Subscribe</c> are not resumed.</para>
    /// <para>The method can be called from any thread, also by handlers of
    /// <see cref="Publisher{TProperties}.Subscribed"/>. It does not wait for the reader. After the end, and after the
    /// publisher was closed, drained or disposed, it has no effect.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">A channel name is null or empty.</exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var subscription = publisher.Subscribe("room 1");
    /// subscription.Join("room 2");
    /// publisher.Publish("hello", "room 2");    // the subscription yields "data: hello\n\n"
    /// subscription.Leave("room 1");
    /// </code>
    /// </example>
    public bool Join(ChannelNames channels) =>
        Core is { } core && Subscriber is { } subscriber && core.Registry.Join(subscriber, channels);

    /// <summary>Leaves channels. What is already queued is still delivered.</summary>
    /// <param name="channels">
    /// The channels to leave. Channels that the subscription is not in, and repeated names, are ignored.
    /// </param>
    /// <returns>
    /// True if the subscription left at least one channel. False if it was in none of them, if the list is empty, or if
    /// the subscription has ended.
    /// </returns>
    /// <remarks>
    /// <para>All channels are left in one step, which has a place in the order of events. Later events of these channels do
    /// not reach the subscription.</para>
    /// <para>A subscription that leaves its last channel ends with
    /// <see cref="SubscriptionEndReason.Unsubscribed"/>, as with
    /// <see cref="Publisher{TProperties}.Unsubscribe(ChannelNames, Func{TProperties, bool})"/>. Its queued events are
    /// still delivered, within the limits of <see cref="PublisherOptions.LingerTimeout"/>.</para>
    /// <para>The method can be called from any thread. It does not wait for the reader. After the end, it has no
    /// effect.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">A channel name is null or empty.</exception>
    /// <exception cref="AggregateException">
    /// The subscription has ended, and a handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw. Everything else
    /// was done first.
    /// </exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var subscription = publisher.Subscribe(["room 1", "room 2"]);
    /// subscription.Leave("room 1");                       // true
    /// publisher.Publish("hello", "room 1");               // 0: the subscription is no longer in the room
    /// subscription.Leave("room 2");                       // true: it was the last channel
    /// Console.WriteLine(subscription.EndReason);          // Unsubscribed
    /// </code>
    /// </example>
    public bool Leave(ChannelNames channels) =>
        Core is { } core && Subscriber is { } subscriber && core.Leave(subscriber, channels);
}
