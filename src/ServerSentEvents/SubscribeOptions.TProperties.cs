using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>
/// What <see cref="Publisher{TProperties}.Subscribe(SubscribeOptions{TProperties})"/> is to do for one subscriber. It is
/// checked and copied by that call: later changes have no effect. Not safe to change from several threads.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <example>
/// <code>
/// using var subscription = publisher.Subscribe(new SubscribeOptions&lt;string&gt;
/// {
///     Channels = ["chat", "global"],
///     Properties = userName,
///     InitialData = [new SseItem&lt;string&gt;("welcome", "greeting")],
///     QueueCapacity = 100,
/// });
/// </code>
/// </example>
public sealed class SubscribeOptions<TProperties>
{
    /// <summary>
    /// The channels to join, at least one. The default is <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </summary>
    public ChannelNames Channels { get; set; }

    /// <summary>What personalized events are made from. The default is that of the type, such as null.</summary>
    public TProperties Properties { get; set; } = default!;

    /// <summary>
    /// Events that the subscriber gets before all others, or null, the default, for none; one that resumes gets what it has
    /// missed instead. They never count against the
    /// queue's capacity and are never dropped. The sequence is enumerated once, outside every lock, before the
    /// subscription begins.
    /// </summary>
    public IEnumerable<SseItem<string>>? InitialData { get; set; }

    /// <summary>
    /// The id of the last event that the client had, as it says in the request's <c>Last-Event-ID</c> header; null, the
    /// default, or empty for a client that is new. With <see cref="PublisherOptions.HistoryCapacity"/> the subscriber gets
    /// what its channels have had since, in place of the initial data, and then what comes. It may come from anybody: one of
    /// any length and with any characters in it is a <see cref="ResumeResult.Gap"/> at worst, and it never leads to events
    /// of other channels, or to what was made for another subscriber.
    /// </summary>
    public string? LastEventId { get; set; }

    /// <summary>
    /// How many events can wait for this subscriber, from 1 to <see cref="int.MaxValue"/>, which means without bound.
    /// The default, null, takes the publisher's.
    /// </summary>
    public int? QueueCapacity { get; set; }

    /// <summary>What happens when this subscriber's queue is full. The default, null, takes the publisher's.</summary>
    public QueueOverflow? QueueOverflow { get; set; }
}
