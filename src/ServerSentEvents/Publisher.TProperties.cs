using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <summary>
/// Keeps, for each channel, the set of its subscribers, and hands each event that is published to the queues of those
/// whom it is for. It knows no web framework: a <see cref="Subscription{TProperties}"/> is read with <c>await foreach</c>.
/// </summary>
/// <typeparam name="TProperties">
/// What the application knows of each subscriber, and makes personalized events from: a name, a tenant, a culture.
/// </typeparam>
/// <remarks>
/// <para><b>Threads.</b> Every member can be called from any thread, and none of them waits for a subscriber. No function
/// or event handler of the application's is called under a lock, and each may itself publish, subscribe or unsubscribe.</para>
/// <para><b>Order.</b> An event reaches every subscriber whose <c>Subscribe</c> had returned before <c>Publish</c> was
/// called and that is still subscribed, at most once, and all see the events of one publisher in one order. A personalized
/// event takes its place when the function has been called for all; what the function itself publishes comes before.</para>
/// <para><b>Bad input</b> gets an <see cref="ArgumentException"/> at the call, before anything has changed.</para>
/// <para><b>Lifetime.</b> Keep one for as long as the application runs. It holds no thread, and no timer but one for
/// heartbeats, and empty channels take no memory. Derive from it to give a publisher a type of its own, for a container; there is nothing to override.</para>
/// </remarks>
/// <example>
/// <code>
/// var publisher = new Publisher&lt;User&gt;();
/// var subscription = publisher.Subscribe("inbox", user);
/// publisher.Publish("for everybody", "inbox");
/// publisher.Publish(user => user.IsAdmin ? "for admins" : null, "inbox");
/// </code>
/// </example>
public partial class Publisher<TProperties> : IEventPublisher, IDisposable
{
    /// <summary>The channel of every call that names none.</summary>
    public const string DefaultChannel = "default channel";

    private readonly PublisherCore<TProperties> _core;

    /// <summary>A publisher with default settings and no subscribers.</summary>
    public Publisher()
        : this(new PublisherOptions())
    {
    }

    /// <summary>A publisher with settings of its own, which are copied, and no subscribers.</summary>
    /// <exception cref="ArgumentException">The options are null, or one of them is out of its range.</exception>
    public Publisher(PublisherOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = new PublisherCore<TProperties>(this, new PublisherSettings(options));
    }

    /// <summary>
    /// Raised when a subscription has begun, before <c>Subscribe</c> returns, on its thread. If a handler throws, the others
    /// are called all the same, the subscription is ended, and <c>Subscribe</c> throws an <see cref="AggregateException"/>.
    /// Handlers are called by many threads at once, and what they hear of different subscriptions may not be in the order in
    /// which it came about: for a list of who is here, ask <see cref="GetSubscribers"/> anew.
    /// </summary>
    public event EventHandler<SubscriptionEventArgs<TProperties>>? Subscribed
    {
        add => _core.Announcer.Subscribed += value;
        remove => _core.Announcer.Subscribed -= value;
    }

    /// <summary>
    /// Raised once when a subscription has ended, and after <see cref="Subscribed"/>, on the thread of the call that ended
    /// it: the reader's, a canceler's, or a publisher's whose event found a full queue. Leaving one of several channels is
    /// no end. What ends by a call of a handler's own is announced when that handler has returned, before the outermost call
    /// does. If a handler throws, the others are called all the same, everything else is done, and then that call throws an
    /// <see cref="AggregateException"/>. For a reader that leaves, and for a canceled token, that call is the enumerator's
    /// <c>DisposeAsync</c>, where it takes the place of what the loop's body threw. Threads are as for <see cref="Subscribed"/>.
    /// </summary>
    public event EventHandler<SubscriptionEventArgs<TProperties>>? Unsubscribed
    {
        add => _core.Announcer.Unsubscribed += value;
        remove => _core.Announcer.Unsubscribed -= value;
    }

    /// <summary>Adds a subscriber. From the return of this call on it is sent what is published, whether or not it reads.</summary>
    /// <param name="channels">The channels to join, at least one; <see cref="DefaultChannel"/> where none is given.</param>
    /// <param name="properties">What personalized events are made from.</param>
    /// <param name="initialData">
    /// What the subscriber gets before all else. It never counts against the queue's capacity and is never dropped. It is
    /// enumerated once, outside every lock, before the subscription begins.
    /// </param>
    /// <returns>The subscription; to be read once, or disposed of.</returns>
    /// <exception cref="ArgumentException">A channel's name is null or empty, there is none, or initial data is null.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Subscribed"/> threw, or one of <see cref="Unsubscribed"/> where it ended at once.
    /// </exception>
    public Subscription<TProperties> Subscribe(
        ChannelNames channels = default, TProperties properties = default!, IEnumerable<string>? initialData = null)
    {
        _core.Registry.ThrowIfClosedForGood();
        ThrowIfNone(channels, nameof(channels));
        var queue = _core.Settings.NewQueue(capacity: null, overflow: null, nameof(channels));
        var seed = Frame.ForItems(initialData?.Select(data => new SseItem<string>(data)), nameof(initialData));
        return _core.Subscribe(channels, properties, queue, seed, lastEventId: null);
    }

    /// <summary>Adds a subscriber that has settings of its own. The options are copied.</summary>
    /// <returns>The subscription; to be read once, or disposed of.</returns>
    /// <exception cref="ArgumentException">The options are null, or one of them is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Subscribed"/> threw, or one of <see cref="Unsubscribed"/> where it ended at once.
    /// </exception>
    public Subscription<TProperties> Subscribe(SubscribeOptions<TProperties> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core.Registry.ThrowIfClosedForGood();
        ThrowIfNone(options.Channels, nameof(options));
        var queue = _core.Settings.NewQueue(options.QueueCapacity, options.QueueOverflow, nameof(options));
        var seed = Frame.ForItems(options.InitialData, nameof(options));
        return _core.Subscribe(options.Channels, options.Properties, queue, seed, options.LastEventId);
    }

    /// <summary>Publishes an event that has only data; each of its lines, by CR LF, CR or LF, becomes a data line.</summary>
    /// <param name="data">The data, which may be empty and have any number of lines.</param>
    /// <param name="channels">Whose subscribers get it, each once; <see cref="DefaultChannel"/> where none is given.</param>
    /// <returns>How many subscribers' queues took the event, 0 or more.</returns>
    /// <exception cref="ArgumentException">The data is null, or a channel's name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public int Publish(string data, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        return _core.Send(Frame.ForItem(new SseItem<string>(data), nameof(data)), channels);
    }

    /// <summary>Publishes an event with data and, where it has them, a type, an id and a reconnection interval.</summary>
    /// <param name="item">
    /// The event. Types <c>open</c> and <c>error</c> reach the handlers that a browser's <c>EventSource</c> has for its own
    /// connection: choose others. A reconnection interval is sent in whole milliseconds, from 1 (or 0 for zero) to
    /// <see cref="int.MaxValue"/>.
    /// </param>
    /// <param name="channels">Whose subscribers get it, each once; <see cref="DefaultChannel"/> where none is given.</param>
    /// <exception cref="ArgumentException">
    /// The data is null, the type has CR or LF in it, the id has CR, LF or NUL in it, the reconnection interval is
    /// negative, or a channel's name is null or empty.
    /// </exception>
    /// <returns>How many subscribers' queues took the event, 0 or more.</returns>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public int Publish(SseItem<string> item, ChannelNames channels = default) =>
        _core.Send(Frame.ForItem(item, nameof(item)), channels);

    /// <summary>Publishes at once, and is complete when it returns.</summary>
    ValueTask IEventPublisher.PublishAsync(SseItem<string> item, ChannelNames channels, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return new ValueTask(Task.FromCanceled(cancellationToken));
        Publish(item, channels);
        return default;
    }

    /// <summary>Publishes to each subscriber what a function makes of its properties.</summary>
    /// <param name="data">
    /// Called once for each subscriber, on this thread, outside every lock; null sends that subscriber nothing. If it
    /// throws for one, the others still get theirs.
    /// </param>
    /// <param name="channels">Whose subscribers get theirs, each once; <see cref="DefaultChannel"/> where none is given.</param>
    /// <returns>How many subscribers' queues took an event, 0 or more.</returns>
    /// <exception cref="ArgumentException">The function is null, or a channel's name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">
    /// The function, or a handler of <see cref="Unsubscribed"/>, threw; all failures, when everything else is done.
    /// </exception>
    public int Publish(Func<TProperties, string?> data, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        return _core.SendEachItsOwn(
            properties => data(properties) is { } own ? Frame.ForItem(new SseItem<string>(own), nameof(data)) : null, channels);
    }

    /// <summary>Publishes to each subscriber the event that a function makes of its properties.</summary>
    /// <param name="item">
    /// Called once for each subscriber, on this thread, outside every lock; null sends that subscriber nothing. If it
    /// throws for one, or returns an event that is not fit to be sent, the others still get theirs. An id that it gives can
    /// be resumed from where it gives the same one to all who are subscribed.
    /// </param>
    /// <param name="channels">Whose subscribers get theirs, each once; <see cref="DefaultChannel"/> where none is given.</param>
    /// <inheritdoc cref="Publish(Func{TProperties, string?}, ChannelNames)" path="/*[self::returns or self::exception]"/>
    public int Publish(Func<TProperties, SseItem<string>?> item, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(item);
        return _core.SendEachItsOwn(FrameMaker(item), channels);
    }

    /// <summary>
    /// Publishes a comment, which clients receive and ignore: each of its lines, by CR LF, CR or LF, becomes a comment
    /// line. It is no event, and those who read by <see cref="Subscription{TProperties}.AsItems"/> do not see it.
    /// </summary>
    /// <param name="comment">The text, which may be empty and have any number of lines.</param>
    /// <param name="channels">Whose subscribers get it, each once; <see cref="DefaultChannel"/> where none is given.</param>
    /// <returns>How many subscribers' queues took the comment, 0 or more.</returns>
    /// <exception cref="ArgumentException">The comment is null, or a channel's name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public int PublishComment(string comment, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(comment);
        return _core.Send(Frame.ForComment(comment), channels);
    }

    /// <summary>Those who are in one of the channels now, each once, as a list of its own that does not change.</summary>
    /// <remarks>After <see cref="Dispose"/> there is nobody.</remarks>
    /// <exception cref="ArgumentException">A channel's name is null or empty.</exception>
    public IReadOnlyList<Subscription<TProperties>> GetSubscribers(ChannelNames channels = default) =>
        _core.Registry.Snapshot(channels);

    /// <summary>
    /// Takes the matching subscribers out of the channels. One that is left in no channel ends: what is queued is
    /// delivered, and then its stream ends, with <see cref="SubscriptionEndReason.Unsubscribed"/>.
    /// </summary>
    /// <param name="channels">What is left; <see cref="DefaultChannel"/> where none is given.</param>
    /// <param name="match">
    /// Who leaves, by its properties: called once for each subscriber of the channels, outside every lock. Null for all. If
    /// it throws, nobody leaves, and the exception is the caller's.
    /// </param>
    /// <returns>How many subscribers left one channel or more, 0 or more.</returns>
    /// <remarks>After <see cref="Dispose"/> there is nobody.</remarks>
    /// <exception cref="ArgumentException">A channel's name is null or empty.</exception>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public int Unsubscribe(ChannelNames channels = default, Func<TProperties, bool>? match = null) =>
        _core.Unsubscribe(channels, match);

    /// <summary>
    /// Ends every subscription: what is queued is delivered, and then its stream ends, with
    /// <see cref="SubscriptionEndReason.Closed"/>. The publisher stays usable. Can be called twice.
    /// </summary>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public void Close() => _core.Close();

    /// <summary>
    /// <see cref="Close"/> for a server that is about to stop, while its clients may still come. Before its end, each stream
    /// tells its client once more when to come back, where <see cref="PublisherOptions.ReconnectionInterval"/> is set. Whoever
    /// subscribes from then on gets a subscription that has ended: its stream is a reconnection time (that interval, or
    /// else three seconds) and nothing else, which is what a client can be answered that is to come back, while an error
    /// would make it give up for good. What is published reaches nobody. Can be called twice; without effect after
    /// <see cref="Dispose"/>, which is to follow.
    /// </summary>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public void Drain() => _core.Drain();

    /// <summary>
    /// <see cref="Close"/>, for good: afterwards <c>Subscribe</c> and <c>Publish</c> throw
    /// <see cref="ObjectDisposedException"/>; <c>Subscribe</c> at once, <c>Publish</c> when the ends have been announced, so
    /// that a handler of <see cref="Unsubscribed"/> that publishes who left does so to nobody. Can be called twice.
    /// </summary>
    /// <exception cref="AggregateException">A handler of <see cref="Unsubscribed"/> threw.</exception>
    public void Dispose()
    {
        _core.Dispose();
        GC.SuppressFinalize(this);
    }

    private static Func<TProperties, Frame?> FrameMaker(Func<TProperties, SseItem<string>?> item) =>
        properties => item(properties) is { } own ? Frame.ForItem(own, nameof(item)) : null;

    private static void ThrowIfNone(in ChannelNames channels, string paramName)
    {
        if (channels.Count == 0)
            throw new ArgumentException("A subscriber needs at least one channel.", paramName);
    }
}
