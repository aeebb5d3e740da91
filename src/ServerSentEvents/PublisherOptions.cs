namespace ServerSentEvents;

/// <summary>
/// The settings of a <see cref="Publisher{TProperties}"/>, which checks and copies them when it is constructed: later
/// changes have no effect on it. Not safe to change from several threads.
/// </summary>
/// <example>
/// <code>
/// var publisher = new Publisher(new PublisherOptions { QueueCapacity = 100, QueueOverflow = QueueOverflow.DropOldest });
/// </code>
/// </example>
public sealed class PublisherOptions
{
    /// <summary>The default of <see cref="QueueCapacity"/>.</summary>
    internal const int DefaultQueueCapacity = 1024;

    /// <summary>
    /// How many events can wait for one subscriber, from 1 to <see cref="int.MaxValue"/>, which means without bound.
    /// Initial data does not count. The default is 1,024 events. A subscription can have its own.
    /// </summary>
    public int QueueCapacity { get; set; } = DefaultQueueCapacity;

    /// <summary>
    /// What happens to a subscriber whose queue is full. The default is <see cref="QueueOverflow.Disconnect"/>. A
    /// subscription can have its own.
    /// </summary>
    public QueueOverflow QueueOverflow { get; set; } = QueueOverflow.Disconnect;

    /// <summary>
    /// How many of its last events each channel remembers, for clients that come back and say what they had last: 0, the
    /// default, for none, up to <see cref="int.MaxValue"/>. With 1 or more, every published event gets an id, unless it has
    /// one of its own, which then has to be unique in its channel to be resumed from.
    /// </summary>
    public int HistoryCapacity { get; set; }

    /// <summary>
    /// How long an event is remembered, above zero; null for as long as there is room. The default is one hour. A channel
    /// that nobody is in is forgotten when it has not been published to for so long, and not before: without an age, every
    /// channel's last events stay in memory.
    /// </summary>
    public TimeSpan? HistoryMaxAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long a subscriber can be sent nothing before it is sent a comment, which keeps proxies from closing the
    /// connection and shows a server that a client has gone. Above zero, at most some 49 days; null, the default, for never.
    /// A subscriber is looked at four times in that interval, so that it waits at most a quarter longer. The comment takes a
    /// place in an empty queue until it is read. About 15 seconds suit most proxies.
    /// </summary>
    public TimeSpan? HeartbeatInterval { get; set; }

    /// <summary>
    /// How long clients are to wait before they connect again, sent at the start of each stream in whole milliseconds: 0 or
    /// more. Null, the default, leaves it to them; browsers wait for a few seconds.
    /// </summary>
    public TimeSpan? ReconnectionInterval { get; set; }

    /// <summary>
    /// Up to how much longer than <see cref="ReconnectionInterval"/> a client is told to wait, at random, so that the
    /// clients of a restarted server do not all return at once: 0, the default, or more. Without an interval it has no
    /// effect.
    /// </summary>
    public TimeSpan ReconnectionJitter { get; set; }

    /// <summary>Where the time comes from. The default is <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
