using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>
/// Settings of one subscription, for <see cref="Publisher{TProperties}.Subscribe(SubscribeOptions{TProperties})"/>.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para><c>Subscribe</c> checks and copies the options. Later changes have no effect on that subscription. A value
/// outside its range makes <c>Subscribe</c> throw an <see cref="ArgumentException"/>.</para>
/// <para>Do not change an instance from several threads at the same time.</para>
/// </remarks>
/// <example>
/// <code>
/// using System.Net.ServerSentEvents;
/// using ServerSentEvents;
///
/// using var publisher = new Publisher&lt;string&gt;(new PublisherOptions { HistoryCapacity = 1_000 });
/// var subscription = publisher.Subscribe(new SubscribeOptions&lt;string&gt;
/// {
///     Channels = ["chat", "global"],
///     Properties = "Ann",
///     InitialData = [new SseItem&lt;string&gt;("welcome", "greeting")],
///     LastEventId = null,    // the value of the request's Last-Event-ID header
///     QueueCapacity = 100,
/// });
/// </code>
/// </example>
public sealed class SubscribeOptions<TProperties>
{
    /// <summary>
    /// The channels to join, at least one. The default is <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </summary>
    /// <remarks>
    /// A resume replays the events of these channels since the <see cref="LastEventId"/>, also of a channel that the
    /// client was not subscribed to before. Name only channels whose history the user may see.
    /// </remarks>
    public ChannelNames Channels { get; set; }

    /// <summary>
    /// The data that the application attaches to this subscriber. Personalized events are made from it. The default is
    /// the default value of the type.
    /// </summary>
    public TProperties Properties { get; set; } = default!;

    /// <summary>
    /// The events that the subscriber gets before all others. The default is null: none.
    /// </summary>
    /// <remarks>
    /// <para><c>Subscribe</c> enumerates the sequence once, on its own thread, outside every lock, before the
    /// subscription begins. Initial data does not count against the bounds of the queue and is never dropped.</para>
    /// <para>A client that resumes gets the events that it missed instead.</para>
    /// <para>With a history, the last initial event carries the position at which the subscription began, unless it has
    /// an id. A client that leaves before the first live event can then resume from that position.</para>
    /// </remarks>
    public IEnumerable<SseItem<string>>? InitialData { get; set; }

    /// <summary>
    /// A function that loads the initial data when the reader starts, and only if the client needs it: if it is new, or its
    /// resume was a gap. The default is null. Set it or <see cref="InitialData"/>, not both.
    /// </summary>
    /// <remarks>
    /// <para><b>No gap.</b> The reader calls the function once, after the subscription has begun. Events that are published
    /// while it runs are queued, and follow the loaded events. The loaded state can already contain events that follow it:
    /// publish states or versions, not increments. If the queue overflows during the load, the subscription ends after it,
    /// or events are dropped, as <see cref="QueueOverflow"/> says.</para>
    /// <para><b>Thread.</b> With <c>await foreach</c>, the function is called by the first <c>MoveNextAsync</c> that has
    /// nothing else to return. With <c>CopyToAsync</c>, it is called on the thread of that call. If nothing else comes
    /// before the load, an empty comment is written first, because proxies hold back the headers until the first byte. The
    /// function runs outside every lock, and delays no other subscriber.</para>
    /// <para><b>Cancellation.</b> The function gets a token, which is canceled in three cases:</para>
    /// <list type="bullet">
    /// <item>The subscription is ended at once: by <see cref="Subscription{TProperties}.Dispose"/>,
    /// <see cref="Publisher{TProperties}.Disconnect"/> or the reader's token.</item>
    /// <item>The publisher is drained or disposed.</item>
    /// <item>The load takes longer than <see cref="PublisherOptions.LingerTimeout"/> after another end.</item>
    /// </list>
    /// <para>The stream then ends without the queued events, so that no client gets events without the state that they
    /// follow. The stream does not wait for the function, which can still run for a moment, or longer if it ignores its
    /// token.</para>
    /// <para><b>Errors.</b> An exception of the function, or an event that cannot be sent, ends the subscription:
    /// <c>MoveNextAsync</c> or the task of <c>CopyToAsync</c> throws the exception. Before that, the client gets a
    /// reconnection interval (<c>retry:</c>) of 5 to 10 seconds, chosen at random, so that not all clients return to a
    /// broken database at once. A longer <see cref="PublisherOptions.ReconnectionInterval"/> replaces the 5 seconds, and a
    /// longer <see cref="PublisherOptions.ReconnectionJitter"/> the random part. Null instead of a sequence counts as no
    /// events.</para>
    /// <para><b>Heartbeats.</b> With a <see cref="PublisherOptions.HeartbeatInterval"/>, the client gets heartbeats during
    /// the load, so that proxies keep the connection open. They stop when the subscription ends.</para>
    /// <para><b>Ids.</b> With a history, the last loaded event carries the position at which the subscription began, unless
    /// it has an id. If no event is loaded and the client leaves before the first live event, it has no id of this stream.
    /// It comes back as a new client. If it got a gap event, it comes back with its previous id.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using System.Net.ServerSentEvents;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// using var http = new HttpClient();
    /// var subscription = publisher.Subscribe(new SubscribeOptions&lt;object?&gt;
    /// {
    ///     Channels = "orders",
    ///     LoadInitialData = async token =>
    ///     {
    ///         var orders = await http.GetStringAsync("https://orders.example/", token);
    ///         return [new SseItem&lt;string&gt;(orders, "snapshot")];
    ///     },
    /// });
    /// </code>
    /// </example>
    public Func<CancellationToken, ValueTask<IEnumerable<SseItem<string>>>>? LoadInitialData { get; set; }

    /// <summary>
    /// The id of the last event that the client received, from the request's <c>Last-Event-ID</c> header (WHATWG HTML,
    /// 9.2.4). The default is null. Null and empty mean a new client.
    /// </summary>
    /// <remarks>
    /// <para>With a <see cref="PublisherOptions.HistoryCapacity"/>, the subscriber first gets the events of
    /// <see cref="Channels"/> after this one, then the live events. <see cref="Subscription{TProperties}.Resume"/> has
    /// the result.</para>
    /// <para>The value can be untrusted. A text of any length and with any characters is accepted; in the worst case, the
    /// result is a <see cref="ResumeResult.Gap"/>. It never gives access to events of other channels, or to a
    /// personalized event that was made for another subscriber.</para>
    /// </remarks>
    public string? LastEventId { get; set; }

    /// <summary>
    /// The number of events that can wait for this subscriber, from 1 to <see cref="int.MaxValue"/>. The default is null:
    /// the publisher's <see cref="PublisherOptions.QueueCapacity"/>.
    /// </summary>
    public int? QueueCapacity { get; set; }

    /// <summary>
    /// The number of bytes of framed events that can wait for this subscriber, from 1 to <see cref="long.MaxValue"/>. The
    /// default is null: the publisher's <see cref="PublisherOptions.QueueCapacityBytes"/>.
    /// </summary>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var subscription = publisher.Subscribe(new SubscribeOptions&lt;object?&gt;
    /// {
    ///     Channels = "images",
    ///     QueueCapacityBytes = 16 * 1024 * 1024,
    /// });
    /// </code>
    /// </example>
    public long? QueueCapacityBytes { get; set; }

    /// <summary>
    /// The action for a new event when this subscriber's queue is full. The default is null: the publisher's
    /// <see cref="PublisherOptions.QueueOverflow"/>.
    /// </summary>
    public QueueOverflow? QueueOverflow { get; set; }

    /// <summary>
    /// A function that returns the key of an event, or null. An event replaces the queued event of the same key, so that a
    /// slow client gets the latest value of each key. The default is null: every event is queued.
    /// </summary>
    /// <remarks>
    /// <para><b>Order.</b> The event takes the place of the one that it replaces. It is sent with the id of that place, so a
    /// resume may repeat values of a key, and ends with the latest one. Within one stream and for each key, no older value comes
    /// after a newer one.</para>
    /// <para><b>Not conflated</b> are:</para>
    /// <list type="bullet">
    /// <item>events whose key is null</item>
    /// <item>events with an id of the application</item>
    /// <item>comments, initial data and replayed events</item>
    /// <item>an event that the reader has begun</item>
    /// <item>a personalized event, for a subscriber that joined while the event was being made. Later events do not replace the
    /// events that this subscriber had queued before it.</item>
    /// </list>
    /// <para><b>Bounds.</b> A replacement takes no place of the <see cref="QueueCapacity"/>. If it is larger than its predecessor
    /// and there is no room within <see cref="QueueCapacityBytes"/>, <see cref="QueueOverflow"/> decides.</para>
    /// <para><b>Thread.</b> The function is called on the thread that publishes, outside every lock: once for each event and
    /// distinct delegate, not for each subscriber, so use the same delegate for all. For a personalized event it is called
    /// once for each subscriber. Several threads can call it at the same time. The item has no generated id.</para>
    /// <para><b>Errors.</b> If the function throws, the event is queued without a key. <c>Publish</c> throws the exception in
    /// an <see cref="AggregateException"/> after everything else was done.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using System.Net.ServerSentEvents;
    /// using ServerSentEvents;
    ///
    /// static string? Symbol(SseItem&lt;string&gt; quote) => quote.EventType;
    ///
    /// using var publisher = new Publisher();
    /// var subscription = publisher.Subscribe(new SubscribeOptions&lt;object?&gt; { Channels = "quotes", ConflationKey = Symbol });
    /// </code>
    /// </example>
    public Func<SseItem<string>, string?>? ConflationKey { get; set; }

    /// <summary>Returns a shallow copy, for a package that changes some of the application's options.</summary>
    internal SubscribeOptions<TProperties> Copy() => (SubscribeOptions<TProperties>)MemberwiseClone();
}
