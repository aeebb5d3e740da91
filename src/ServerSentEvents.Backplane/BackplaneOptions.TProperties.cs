using System.Net.ServerSentEvents;

namespace ServerSentEvents.Backplane;

/// <summary>
/// The settings of a <see cref="StreamBackplane{TProperties}"/> that all brokers share. They are checked and copied once. Not
/// safe to change from several threads.
/// </summary>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
public abstract class BackplaneOptions<TProperties> : StreamPublisherOptions
{
    /// <summary>
    /// The age of the oldest events that a node reads when it starts, to fill the history of its publisher. The broker's clock
    /// counts, and somewhat older events can be read too: with RabbitMQ, at least those of the last minute. Zero for none, null
    /// for all that the broker keeps; the default is 1 hour, like that of <see cref="PublisherOptions.HistoryMaxAge"/>.
    /// </summary>
    public TimeSpan? ReadBack { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A function that makes the event of one subscriber, on the subscriber's node, from the published event and the
    /// subscriber's properties. It returns null to send nothing. It is called once for each subscriber, outside every lock: on
    /// the thread that reads the stream, and for missed events on the thread that calls <c>Subscribe</c>. The two can run at
    /// the same time, so the function must be thread-safe. If it throws for a new event, that subscriber does not get it, and
    /// the log says so. The default, null, sends the same event to all.
    /// </summary>
    public Func<SseItem<string>, TProperties, SseItem<string>?>? Personalize { get; set; }

    /// <summary>
    /// A function that returns the key by which <see cref="StreamPublisher.DisconnectAsync"/> finds a subscription, such as the
    /// name of the user, or null for none. It is called for every subscriber of the node at each disconnect, outside every
    /// lock, on the thread that reads the stream. If it throws for any subscriber, this node ends no subscription, and the log
    /// says so. The default is null: this node then ignores disconnects, and warns once.
    /// </summary>
    public Func<TProperties, string?>? SubscriberKey { get; set; }
}
