using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <content>Members that add, list and end subscribers.</content>
public partial class Publisher<TProperties>
{
    /// <summary>Adds a subscriber to channels.</summary>
    /// <param name="channels">The channels to join, at least one. The default is <see cref="DefaultChannel"/>.</param>
    /// <param name="properties">The data that the application attaches to the subscriber.</param>
    /// <param name="initialData">
    /// The events that the subscriber gets before all others, or null for none. The sequence is enumerated once, on this
    /// thread, outside every lock, before the subscription begins. Initial data does not count against the bounds of the
    /// queue and is never dropped.
    /// </param>
    /// <returns>The subscription. Read it once, or dispose it.</returns>
    /// <remarks>
    /// The subscriber is registered when this method returns. Events that are published before the first read are queued.
    /// An event that is published while the initial data is enumerated is not delivered: see
    /// <see cref="SubscribeOptions{TProperties}.LoadInitialData"/>. After <see cref="Drain"/>, or at
    /// <see cref="PublisherOptions.MaxSubscribers"/>, the method returns a subscription that has already ended. The initial
    /// data is then not enumerated, unless the limit is reached or <see cref="Drain"/> is called during this call.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// A channel name is null or empty, there are no channels, or an initial event is null or too large.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Subscribed"/> threw, or a handler of <see cref="Unsubscribed"/> if the subscription ended
    /// at once.
    /// </exception>
    public Subscription<TProperties> Subscribe(
        ChannelNames channels = default, TProperties properties = default!, IEnumerable<string>? initialData = null)
    {
        var turnedAway = _core.Registry.ReasonToTurnAway();
        ThrowIfNone(channels, nameof(channels));
        var items = turnedAway is null ? initialData?.Select(static data => new SseItem<string>(data)) : null;
        var initial = new InitialData(NewFrames(items, nameof(initialData)));
        return _core.Subscribe(
            channels, properties, _core.Settings.DefaultQueueLimits, initial, lastEventId: null, keyFunction: null, turnedAway);
    }

    /// <summary>Adds a subscriber with individual options, for example to resume or to change its queue.</summary>
    /// <param name="options">The options. They are copied.</param>
    /// <returns>The subscription. Read it once, or dispose it.</returns>
    /// <remarks>
    /// <para>The subscriber is registered when this method returns. Events that are published before the first read are
    /// queued. No event is lost or repeated between a replay and the live events, and none is lost between
    /// <see cref="SubscribeOptions{TProperties}.LoadInitialData"/> and the live events. An event that is published while
    /// <see cref="SubscribeOptions{TProperties}.InitialData"/> is enumerated is not delivered. After <see cref="Drain"/>, or
    /// at <see cref="PublisherOptions.MaxSubscribers"/>, the method returns a subscription that has already ended. The
    /// initial data is then not enumerated, unless the limit is reached or <see cref="Drain"/> is called during this call.</para>
    /// <para>If the client resumes, this thread calls the functions of the personalized events that it missed, outside
    /// every lock. An exception of such a function is not thrown: <see cref="Subscription{TProperties}.Resume"/> is then
    /// <see cref="ResumeResult.Gap"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The options are null, or a value is outside its range. A channel name is null or empty, or there are no channels. An
    /// initial event cannot be sent.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Subscribed"/> threw, or a handler of <see cref="Unsubscribed"/> if the subscription ended
    /// at once.
    /// </exception>
    public Subscription<TProperties> Subscribe(SubscribeOptions<TProperties> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var turnedAway = _core.Registry.ReasonToTurnAway();
        ThrowIfNone(options.Channels, nameof(options));
        var limits = _core.Settings.QueueLimits(
            options.QueueCapacity, options.QueueCapacityBytes, options.QueueOverflow, nameof(options));
        if (options is { InitialData: not null, LoadInitialData: not null })
            throw new ArgumentException("Set InitialData or LoadInitialData, not both.", nameof(options));
        var load = options.LoadInitialData is null ? null : FrameLoader(options.LoadInitialData);
        var initial = new InitialData(NewFrames(turnedAway is null ? options.InitialData : null, nameof(options)), load);
        return _core.Subscribe(
            options.Channels, options.Properties, limits, initial, options.LastEventId, options.ConflationKey, turnedAway);
    }

    /// <summary>Returns the subscribers of the channels.</summary>
    /// <param name="channels">The channels to look at. The default is <see cref="DefaultChannel"/>.</param>
    /// <returns>
    /// A snapshot: each current subscriber once, in no particular order. It is empty after <see cref="Dispose"/>. The
    /// list does not change later. A subscription is left out while <c>Subscribe</c> still makes its missed personalized events.
    /// </returns>
    /// <exception cref="ArgumentException">A channel name is null or empty.</exception>
    public IReadOnlyList<Subscription<TProperties>> GetSubscribers(ChannelNames channels = default) =>
        _core.Registry.GetSubscriptions(channels);

    /// <summary>Returns the subscribers of all channels.</summary>
    /// <returns>
    /// A snapshot: each current subscriber once, in no particular order. It is empty after <see cref="Dispose"/>. The
    /// list does not change later. A subscription is left out while <c>Subscribe</c> still makes its missed personalized events.
    /// </returns>
    /// <example>
    /// <code>
    /// using System.Linq;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher&lt;string&gt;();
    /// publisher.Subscribe("news", "Ann");
    /// publisher.Subscribe("sport", "Bob");
    /// var present = publisher.GetAllSubscribers().Select(subscriber => subscriber.Properties);    // Ann and Bob
    /// </code>
    /// </example>
    public IReadOnlyList<Subscription<TProperties>> GetAllSubscribers() => _core.Registry.GetAllSubscriptions();

    /// <summary>Returns the names of the channels that have a subscriber.</summary>
    /// <returns>
    /// A snapshot: each name once, in no particular order. It is empty after <see cref="Dispose"/>. The list does not
    /// change later.
    /// </returns>
    /// <remarks>A channel exists while it has subscribers. A channel with a history but without subscribers is not listed.</remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// publisher.Subscribe(["news", "sport"]);
    /// var channels = publisher.GetChannels();    // news and sport
    /// </code>
    /// </example>
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
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher&lt;string&gt;();
    /// publisher.Subscribe("news", "Ann");
    /// publisher.Disconnect(name => name == "Ann");    // after a logout of Ann
    /// </code>
    /// </example>
    public int Disconnect(Func<TProperties, bool> match)
    {
        ArgumentNullException.ThrowIfNull(match);
        return _core.Disconnect(match);
    }

    /// <summary>Makes all frames, or throws before any of them has had an effect.</summary>
    private Frame[] NewFrames(IEnumerable<SseItem<string>>? items, string paramName) =>
        items is null ? [] : NewFramesOf(items, paramName);

    /// <summary>Makes the frames. <see cref="NewFrames"/> does not contain this, because the closure would be garbage without items.</summary>
    private Frame[] NewFramesOf(IEnumerable<SseItem<string>> items, string paramName) =>
        [.. items.Select(item => NewFrame(item, paramName))];

    private Func<CancellationToken, Task<Frame[]>> FrameLoader(
        Func<CancellationToken, ValueTask<IEnumerable<SseItem<string>>>> load) =>
        async token => NewFrames(await load(token).ConfigureAwait(false), nameof(SubscribeOptions<>.LoadInitialData));

    private static void ThrowIfNone(in ChannelNames channels, string paramName)
    {
        if (channels.Count == 0)
            throw new ArgumentException("A subscriber needs at least one channel.", paramName);
    }
}
