using System.Net.ServerSentEvents;

namespace ServerSentEvents.Backplane;

/// <summary>Settings of a <see cref="StreamBackplane{TProperties}"/> that all brokers share.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// The backplane checks and copies the options once, when it is created. A value outside its range throws an
/// <see cref="ArgumentException"/> there. Do not change an instance from several threads at the same time.
/// </remarks>
public abstract class BackplaneOptions<TProperties> : StreamPublisherOptions
{
    /// <summary>
    /// The age of the oldest events that a node reads when it starts, zero or more. Zero reads none, and null reads all that the broker
    /// keeps. The default is 1 hour, like that of <see cref="PublisherOptions.HistoryMaxAge"/>.
    /// </summary>
    /// <remarks>
    /// These events fill the history of the node's publisher. The broker's clock counts. Somewhat older events can be read too:
    /// with RabbitMQ, at least those of the last minute.
    /// </remarks>
    public TimeSpan? ReadBack { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A function that makes the event of one subscriber from the published event and the subscriber's properties, or returns
    /// null to send nothing. The default is null: all subscribers get the same event.
    /// </summary>
    /// <remarks>
    /// <para><b>Thread.</b> The function is called on the subscriber's node, once for each subscriber, outside every lock: on the
    /// thread that reads the stream, and for missed events on the thread that calls <c>Subscribe</c>. The two can run at the same
    /// time, so the function must be thread-safe.</para>
    /// <para><b>Errors.</b> If it throws for a new event, that subscriber does not get the event, and the log says so. If it throws
    /// for a missed event, the resume is a <see cref="ResumeResult.Gap"/>.</para>
    /// </remarks>
    public Func<SseItem<string>, TProperties, SseItem<string>?>? Personalize { get; set; }

    /// <summary>
    /// A function that returns the key of a subscription for <see cref="StreamPublisher.DisconnectAsync"/>, such as the name of
    /// the user, or null for none. The default is null: this node ignores disconnects, and warns once.
    /// </summary>
    /// <remarks>
    /// <para><b>Thread.</b> The function is called for every subscriber of the node at each disconnect, outside every lock, on the
    /// thread that reads the stream.</para>
    /// <para><b>Errors.</b> If it throws for a subscription, the disconnect does not end that subscription, and the log says so.</para>
    /// </remarks>
    public Func<TProperties, string?>? SubscriberKey { get; set; }
}
