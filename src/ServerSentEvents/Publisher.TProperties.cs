using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <summary>
/// A set of channels with their subscribers. It delivers each published event to the queues of the subscribers of its
/// channels.
/// </summary>
/// <typeparam name="TProperties">
/// The type of the data that the application attaches to each subscriber, such as a name, a tenant or a culture.
/// Personalized events are made from it.
/// </typeparam>
/// <remarks>
/// <para>The publisher depends on no web framework. Each <see cref="Subscription{TProperties}"/> is the stream of one
/// client: read it with <c>await foreach</c>, or let it write to a response with
/// <see cref="Subscription{TProperties}.CopyToAsync(System.IO.Pipelines.PipeWriter, CancellationToken)"/>.</para>
/// <para><b>Thread safety.</b> Every member can be called from any thread. Only <c>PublishAllAsync</c> waits for
/// subscribers. The publisher calls functions and handlers of the application outside every lock. They can publish,
/// subscribe and unsubscribe.</para>
/// <para><b>Order.</b> An event reaches each subscriber at most once. It reaches every subscriber whose <c>Subscribe</c>
/// returned before <c>Publish</c> was called, if the subscription has not ended and its queue has room. All subscribers
/// get the events of one publisher in the same order. A personalized event takes its place after its function has run for
/// all subscribers. Events that the function itself publishes come before it.</para>
/// <para><b>Errors.</b> Invalid arguments cause an <see cref="ArgumentException"/>, before anything has changed.</para>
/// <para><b>Lifetime.</b> Keep one publisher for the lifetime of the application, and dispose it at the end. It owns no
/// thread and at most one timer. Channels without subscribers use no memory, apart from their history.</para>
/// <para><b>Inheritance.</b> Derive from this class only to register several publishers in a container under different
/// types. There are no members to override.</para>
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
///
/// using var publisher = new Publisher&lt;User&gt;();
/// var ann = publisher.Subscribe("inbox", new User("Ann", IsAdmin: true));
/// var bob = publisher.Subscribe("inbox", new User("Bob", IsAdmin: false));
///
/// publisher.Publish("for all", "inbox");
/// publisher.Publish(user => user.IsAdmin ? $"{user.Name}, the disk is nearly full" : null, "inbox");
///
/// record User(string Name, bool IsAdmin);
/// </code>
/// </example>
public partial class Publisher<TProperties> : IEventPublisher, IDisposable
{
    /// <summary>The name of the channel that a call uses if it names none.</summary>
    public const string DefaultChannel = "default channel";

    private readonly PublisherCore<TProperties> _core;

    /// <summary>Initializes a publisher with default options and no subscribers.</summary>
    public Publisher()
        : this(new PublisherOptions())
    {
    }

    /// <summary>Initializes a publisher with options and no subscribers.</summary>
    /// <param name="options">The options. They are copied.</param>
    /// <exception cref="ArgumentException">The options are null, or a value is outside its range.</exception>
    public Publisher(PublisherOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = new PublisherCore<TProperties>(this, new PublisherSettings(options));
    }

    /// <summary>
    /// Occurs when a subscription has begun, on the thread that calls <c>Subscribe</c>, before that call returns.
    /// </summary>
    /// <remarks>
    /// <para>If a handler throws, the other handlers are still called. Then the subscription is ended, and
    /// <c>Subscribe</c> throws an <see cref="AggregateException"/>.</para>
    /// <para>Handlers can run on several threads at once. Notifications about different subscriptions can arrive in a
    /// different order than the subscriptions began and ended. To show who is present, call <see cref="GetSubscribers"/>
    /// in the handler.</para>
    /// <para>A call of <c>Subscribe</c> after <see cref="Drain"/>, or at <see cref="PublisherOptions.MaxSubscribers"/>, raises
    /// no event.</para>
    /// </remarks>
    public event EventHandler<SubscriptionEventArgs<TProperties>>? Subscribed
    {
        add => _core.Notifier.Subscribed += value;
        remove => _core.Notifier.Subscribed -= value;
    }

    /// <summary>Occurs once for each subscription, when it has ended.</summary>
    /// <remarks>
    /// <para><b>Order.</b> It comes after <see cref="Subscribed"/> for the same subscription. Leaving one of several
    /// channels does not raise it.</para>
    /// <para><b>Threads.</b> Handlers run on the thread of the call that ended the subscription: for example
    /// <see cref="Close"/>, or a <c>Publish</c> that found a full queue. A reader with <c>await foreach</c> that leaves
    /// calls them in the enumerator's <c>DisposeAsync</c>. A token that was given to such a reader calls them on the
    /// thread that cancels it. If a
    /// <see cref="Subscription{TProperties}.CopyToAsync(System.IO.Pipelines.PipeWriter, CancellationToken)"/> ends
    /// because of its reader, its writer or a canceled token, handlers run on a thread pool thread before its task
    /// completes. There they do not see the <see cref="System.Threading.ExecutionContext"/> of the request, such as
    /// <see cref="AsyncLocal{T}"/> values. Handlers can run on several threads at once.</para>
    /// <para><b>Blocking.</b> Handlers must not block for long: each blocked handler occupies a thread.</para>
    /// <para><b>Nested calls.</b> If a handler ends other subscriptions, their handlers run after it has returned, and
    /// before the outermost call returns.</para>
    /// <para><b>Errors.</b> If a handler throws, the other handlers are still called, and everything else is done. Then
    /// the call that ended the subscription throws an <see cref="AggregateException"/>. For a reader with
    /// <c>await foreach</c>, also after a canceled token, the enumerator's <c>DisposeAsync</c> throws it. There it
    /// replaces an exception of the loop's body. For <c>CopyToAsync</c>, its task fails with it.</para>
    /// </remarks>
    public event EventHandler<SubscriptionEventArgs<TProperties>>? Unsubscribed
    {
        add => _core.Notifier.Unsubscribed += value;
        remove => _core.Notifier.Unsubscribed -= value;
    }

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
    /// No event is lost between the initial data and the live events. After <see cref="Drain"/>, or at
    /// <see cref="PublisherOptions.MaxSubscribers"/>, the method returns a subscription that has already ended. The initial
    /// data is then usually not enumerated.
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
        var limits = _core.Settings.QueueLimits(capacity: null, capacityBytes: null, overflow: null, nameof(channels));
        if (turnedAway is { } reason)
            return _core.TurnAway(properties, limits, reason);
        var initial = NewFrames(initialData?.Select(static data => new SseItem<string>(data)), nameof(initialData));
        return _core.Subscribe(channels, properties, limits, new(initial), lastEventId: null);
    }

    /// <summary>Adds a subscriber with individual options, for example to resume or to change its queue.</summary>
    /// <param name="options">The options. They are copied.</param>
    /// <returns>The subscription. Read it once, or dispose it.</returns>
    /// <remarks>
    /// <para>The subscriber is registered when this method returns. Events that are published before the first read are
    /// queued. No event is lost or repeated between the initial data or the replay and the live events. After
    /// <see cref="Drain"/>, or at <see cref="PublisherOptions.MaxSubscribers"/>, the method returns a subscription that has
    /// already ended. The initial data is then usually not enumerated.</para>
    /// <para>If the client resumes, this thread calls the functions of the personalized events that it missed, outside
    /// every lock. An exception of such a function is not thrown: <see cref="Subscription{TProperties}.Resume"/> is then
    /// <see cref="ResumeResult.Gap"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The options are null, a value is outside its range, a channel name is null or empty, there are no channels, or an
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
        if (turnedAway is { } reason)
            return _core.TurnAway(options.Properties, limits, reason);
        var initial = new InitialData(NewFrames(options.InitialData, nameof(options)), FrameLoader(options.LoadInitialData));
        return _core.Subscribe(
            options.Channels, options.Properties, limits, initial, options.LastEventId, options.ConflationKey);
    }

    /// <summary>Publishes text as an event.</summary>
    /// <param name="data">
    /// The data. It can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a <c>data:</c> line. A client
    /// joins the lines with LF. A lone surrogate becomes U+FFFD.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publish(SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <returns>The number of queues that took the event, 0 or more.</returns>
    /// <exception cref="ArgumentException">
    /// The data is null, the type or the id has characters that are not allowed, the id is too long, the event is larger
    /// than <see cref="PublisherOptions.MaxEventBytes"/>, or a channel name is null or empty.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int Publish(string data, ChannelNames channels = default, string? eventType = null, string? eventId = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ThrowIfInvalid(eventType, eventId);
        return _core.Send(NewFrame(new SseItem<string>(data, eventType).WithId(eventId), nameof(data)), channels);
    }

    /// <summary>Publishes an event with data and an optional type, id and reconnection interval.</summary>
    /// <param name="item">The event.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took the event, 0 or more.</returns>
    /// <remarks>
    /// <para><b>Data.</b> The data can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a <c>data:</c>
    /// line. A client joins the lines with LF. A lone surrogate becomes U+FFFD.</para>
    /// <para><b>Type.</b> Any text without CR and LF. Avoid the types <c>open</c> and <c>error</c>: a browser's
    /// <c>EventSource</c> calls its handlers for the connection with them. No <c>event:</c> line is written for the type
    /// <c>message</c>, which is the default of clients (WHATWG HTML, 9.2.6).</para>
    /// <para><b>Id.</b> Visible ASCII (U+0021 to U+007E) and inner spaces, at most 1,000 characters: other ids could not
    /// come back in a <c>Last-Event-ID</c> header (WHATWG HTML, 9.2.4). An empty id is allowed; it clears the client's
    /// last event id. With a history, an event without an id gets a generated one.
    /// <see cref="PublisherOptions.HistoryCapacity"/> documents which ids must be unique.</para>
    /// <para><b>Reconnection interval.</b> Zero or more. It is sent in whole milliseconds, at most
    /// <see cref="int.MaxValue"/>. A value between zero and one millisecond becomes 1.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The data is null, the type or the id has characters that are not allowed, the id is too long, the reconnection
    /// interval is negative, the event is larger than <see cref="PublisherOptions.MaxEventBytes"/>, or a channel name is
    /// null or empty.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int Publish(SseItem<string> item, ChannelNames channels = default) =>
        _core.Send(NewFrame(item, nameof(item)), channels);

    /// <summary>Publishes the event before it returns.</summary>
    ValueTask IEventPublisher.PublishAsync(SseItem<string> item, ChannelNames channels, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return new ValueTask(Task.FromCanceled(cancellationToken));
        try
        {
            Publish(item, channels);
            return default;
        }
        catch (Exception exception)
        {
            return new ValueTask(Task.FromException(exception));
        }
    }

    /// <summary>Publishes to each subscriber the data that a function makes from its properties.</summary>
    /// <param name="data">A function that makes a subscriber's data. If it returns null, that subscriber gets nothing.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took an event, 0 or more.</returns>
    /// <remarks>
    /// <para>The function runs once for each subscriber, on this thread only, outside every lock. This includes
    /// subscribers that join while it runs. If it throws for one subscriber, or makes an event that cannot be sent, the
    /// others still get theirs.</para>
    /// <para>With a history, the function is kept, not its results. It runs again for a client that resumes, on the
    /// thread that calls <c>Subscribe</c>. What it refers to stays in memory for that time.</para>
    /// <para>A lambda that only returns null or throws uses this overload. With C# 12 or earlier it needs a cast:
    /// <c>(string?)null</c>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">The function is null, or a channel name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// The function or a handler of <see cref="Unsubscribed"/> threw. It contains all failures. Everything else was done
    /// first.
    /// </exception>
    public int Publish(Func<TProperties, string?> data, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        return _core.SendPersonalized(
            properties => data(properties) is { } own ? NewFrame(new SseItem<string>(own), nameof(data)) : null, channels);
    }

    /// <summary>Publishes to each subscriber the event that a function makes from its properties.</summary>
    /// <param name="item">A function that makes a subscriber's event. If it returns null, that subscriber gets nothing.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took an event, 0 or more.</returns>
    /// <remarks>
    /// <para>The function runs once for each subscriber, on this thread only, outside every lock. This includes
    /// subscribers that join while it runs. If it throws for one subscriber, or makes an event that cannot be sent, the
    /// others still get theirs.</para>
    /// <para>With a history, the function is kept, not its results. It runs again for a client that resumes, on the
    /// thread that calls <c>Subscribe</c>. What it refers to stays in memory for that time.</para>
    /// <para>The rules of <see cref="Publish(SseItem{string}, ChannelNames)"/> apply to each event. A client can resume
    /// from an id that the function sets only if the function sets the same id for all subscribers that get an
    /// event.</para>
    /// </remarks>
    /// <inheritdoc cref="Publish(Func{TProperties, string?}, ChannelNames)" path="/exception"/>
    // A lambda that returns only null or throws fits both overloads. It then means text.
    [OverloadResolutionPriority(-1)]
    public int Publish(Func<TProperties, SseItem<string>?> item, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(item);
        return _core.SendPersonalized(FrameMaker(item), channels);
    }

    /// <summary>Publishes a comment, which clients receive and ignore.</summary>
    /// <param name="comment">
    /// The text. It can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a comment line.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the comment once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took the comment, 0 or more.</returns>
    /// <remarks>
    /// A comment is not an event (WHATWG HTML, 9.2.5): it gets no id and is not in the history, and
    /// <see cref="Subscription{TProperties}.AsItems"/> leaves it out. It takes a place in the queue.
    /// </remarks>
    /// <exception cref="ArgumentException">The comment is null or too large, or a channel name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int PublishComment(string comment, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(comment);
        return _core.Send(Frame.ForComment(comment, _core.Settings.MaxEventBytes, nameof(comment)), channels);
    }

    /// <summary>Ends every subscription. The publisher remains usable.</summary>
    /// <remarks>
    /// The queued events are still delivered, within the limits of <see cref="PublisherOptions.LingerTimeout"/>, and then
    /// each stream ends. The reason is <see cref="SubscriptionEndReason.Closed"/>. The method does not wait for the
    /// delivery. It can be called repeatedly, and has no effect after <see cref="Dispose"/>.
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Close() => _core.Close();

    /// <summary>Ends every subscription and admits no new ones, for a server that is about to stop.</summary>
    /// <remarks>
    /// <para>Call it while clients can still connect, and call <see cref="Dispose"/> later. The subscriptions end as with
    /// <see cref="Close"/>. If a <see cref="PublisherOptions.ReconnectionInterval"/> is set, each stream first gets
    /// another <c>retry:</c>, unless its queue is full.</para>
    /// <para>Later calls of <c>Subscribe</c> return a subscription that has already ended, with
    /// <see cref="SubscriptionEndReason.Closed"/>. Its stream consists of a <c>retry:</c>: the reconnection interval, or
    /// three seconds if none is set. A client that gets this stream reconnects later. A browser that gets an error status
    /// stops for good (WHATWG HTML, 9.2.3).</para>
    /// <para>Publishing stays possible but reaches no subscriber. The method can be called repeatedly, and has no effect
    /// after <see cref="Dispose"/>.</para>
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Drain() => _core.Drain();

    /// <summary>Ends every subscription for good.</summary>
    /// <remarks>
    /// <para>The subscriptions end as with <see cref="Close"/>: the queued events are still delivered, within the limits
    /// of <see cref="PublisherOptions.LingerTimeout"/>.</para>
    /// <para>From then on, <c>Subscribe</c> throws an <see cref="ObjectDisposedException"/>. Publishing throws it too,
    /// but only after the last handler of <see cref="Unsubscribed"/> has returned. Until then it reaches no subscriber,
    /// so that a handler can publish that a subscriber left. The method can be called repeatedly.</para>
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Dispose()
    {
        _core.Dispose();
        GC.SuppressFinalize(this);
    }

    private Frame NewFrame(in SseItem<string> item, string paramName) =>
        Frame.ForItem(item, _core.Settings.MaxEventBytes, paramName);

    /// <summary>Makes all frames, or throws before any of them has had an effect.</summary>
    private Frame[] NewFrames(IEnumerable<SseItem<string>>? items, string paramName) =>
        items is null ? [] : [.. items.Select(item => NewFrame(item, paramName))];

    private Func<CancellationToken, Task<Frame[]>>? FrameLoader(
        Func<CancellationToken, ValueTask<IEnumerable<SseItem<string>>>>? load)
    {
        return load is null ? null : LoadAsync;

        async Task<Frame[]> LoadAsync(CancellationToken cancellationToken) =>
            NewFrames(await load(cancellationToken).ConfigureAwait(false), nameof(SubscribeOptions<>.LoadInitialData));
    }

    private Func<TProperties, Frame?> FrameMaker(Func<TProperties, SseItem<string>?> item) =>
        properties => item(properties) is { } own ? NewFrame(own, nameof(item)) : null;

    private static void ThrowIfInvalid(string? eventType, string? eventId)
    {
        EventValidator.ThrowIfInvalidType(eventType, nameof(eventType));
        EventValidator.ThrowIfInvalidId(eventId, nameof(eventId));
    }

    private static void ThrowIfNone(in ChannelNames channels, string paramName)
    {
        if (channels.Count == 0)
            throw new ArgumentException("A subscriber needs at least one channel.", paramName);
    }
}
