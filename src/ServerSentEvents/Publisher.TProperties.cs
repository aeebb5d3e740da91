using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <summary>
/// A set of channels with their subscribers. An event that is published to a channel goes into the queue of each subscriber
/// of that channel.
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
/// all subscribers that were there when the call began. Events that the function publishes in these calls come before it.</para>
/// <para><b>Errors.</b> Invalid arguments cause an <see cref="ArgumentException"/>, before anything has changed.</para>
/// <para><b>Lifetime.</b> Keep one publisher for the lifetime of the application, and dispose it at the end. It owns no
/// thread, and at most one timer besides those of <c>PublishAllAsync</c>. Channels without subscribers use no memory, apart
/// from their history.</para>
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
    /// <c>await foreach</c>, the enumerator's <c>DisposeAsync</c> throws it. There it replaces an exception of the loop's
    /// body. After a canceled token, <c>DisposeAsync</c> throws only if the handler has already thrown. It does not wait for a
    /// handler that still runs. For <c>CopyToAsync</c>, its task fails with it.</para>
    /// </remarks>
    public event EventHandler<SubscriptionEventArgs<TProperties>>? Unsubscribed
    {
        add => _core.Notifier.Unsubscribed += value;
        remove => _core.Notifier.Unsubscribed -= value;
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
    /// another <c>retry:</c>, unless its queue is full or it waits for its <c>LoadInitialData</c>, which is canceled.</para>
    /// <para>Later calls of <c>Subscribe</c> return a subscription that has already ended, with
    /// <see cref="SubscriptionEndReason.Closed"/>. Its stream consists of a <c>retry:</c>: the reconnection interval, or
    /// three seconds if none is set. A client that gets this stream reconnects later. A browser that gets an error status
    /// never reconnects (WHATWG HTML, 9.2.3).</para>
    /// <para>Publishing stays possible but reaches no subscriber. The method can be called repeatedly, and has no effect
    /// after <see cref="Dispose"/>.</para>
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Drain() => BeginDrain()();

    /// <summary>Ends every subscription and the publisher permanently.</summary>
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

    /// <summary>Does what <see cref="Drain"/> does before it calls handlers. Returns the function that calls them.</summary>
    internal Action BeginDrain() => _core.BeginDrain();
}
