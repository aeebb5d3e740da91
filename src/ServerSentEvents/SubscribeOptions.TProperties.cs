using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>
/// Settings of one subscription, for <see cref="Publisher{TProperties}.Subscribe(SubscribeOptions{TProperties})"/>.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para><c>Subscribe</c> checks and copies the options. Later changes have no effect on that subscription. A value
/// outside its range makes <c>Subscribe</c> throw an <see cref="ArgumentException"/>.</para>
/// <para>Instances are not safe for concurrent changes.</para>
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
    public long? QueueCapacityBytes { get; set; }

    /// <summary>
    /// The action for a new event when this subscriber's queue is full. The default is null: the publisher's
    /// <see cref="PublisherOptions.QueueOverflow"/>.
    /// </summary>
    public QueueOverflow? QueueOverflow { get; set; }

    /// <summary>Returns a shallow copy, for a package that changes some of the application's options.</summary>
    internal SubscribeOptions<TProperties> Copy() => (SubscribeOptions<TProperties>)MemberwiseClone();
}
