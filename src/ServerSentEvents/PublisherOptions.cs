using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>Settings of a <see cref="Publisher{TProperties}"/>.</summary>
/// <remarks>
/// <para>The publisher's constructor checks and copies the options. Later changes have no effect on that publisher. A
/// value outside its range makes the constructor throw an <see cref="ArgumentException"/>.</para>
/// <para>Do not change an instance from several threads at the same time.</para>
/// </remarks>
/// <example>
/// A publisher that lets clients resume and keeps idle connections open:
/// <code>
/// using ServerSentEvents;
///
/// using var publisher = new Publisher(new PublisherOptions
/// {
///     HistoryCapacity = 1_000,
///     HistoryMaxAge = TimeSpan.FromMinutes(5),
///     HeartbeatInterval = TimeSpan.FromSeconds(15),
///     ReconnectionInterval = TimeSpan.FromSeconds(2),
///     ReconnectionJitter = TimeSpan.FromSeconds(10),
/// });
/// </code>
/// </example>
public sealed class PublisherOptions
{
    /// <summary>The largest value of <see cref="MaxEventBytes"/>: an event of this size still has a text form.</summary>
    internal const int LargestMaxEventBytes = 512 * 1024 * 1024;

    /// <summary>
    /// The number of events that can wait for one subscriber, from 1 to <see cref="int.MaxValue"/>. The default is 8,192.
    /// </summary>
    /// <remarks>
    /// <para>A queue is full for an event if the event does not fit into this bound or <see cref="QueueCapacityBytes"/>. An
    /// empty queue takes an event of any size. <see cref="QueueOverflow"/> decides what happens to an event that does not fit.</para>
    /// <para>Comments count as events. Initial data and replayed events do not count: their number has no bound.
    /// <see cref="QueueCapacityBytes"/> says which of their bytes count. <see cref="int.MaxValue"/> removes
    /// this bound; <see cref="QueueCapacityBytes"/> still applies. A subscription can override the value with
    /// <see cref="SubscribeOptions{TProperties}.QueueCapacity"/>.</para>
    /// <para>Until the subscription ends, a queue keeps the memory of its longest backlog: 8 bytes for each place, which is 64 KiB
    /// after 8,192 events. With a <see cref="SubscribeOptions{TProperties}.ConflationKey"/>, each key of that backlog takes 28 to 58 bytes
    /// more. The value bounds this memory, too.</para>
    /// </remarks>
    public int QueueCapacity { get; set; } = 8192;

    /// <summary>
    /// The number of bytes that can wait for one subscriber, from 1 to <see cref="long.MaxValue"/>. The default is 1 MiB
    /// (1,048,576 bytes).
    /// </summary>
    /// <remarks>
    /// <para>The bytes are those of the framed events in UTF-8. An event that many subscribers share counts in full for
    /// each of them, although it is in memory once. An event that is larger than the bound is accepted when the queue is
    /// empty; until it has been written, there is no room for others.</para>
    /// <para>Initial data, gap events and replayed shared events do not count. Replayed personalized events count until the
    /// whole replay was read, because they are in memory for this subscriber alone. If they take more than the bound, the
    /// result of the resume is a <see cref="ResumeResult.Gap"/>.</para>
    /// <para><see cref="long.MaxValue"/> removes this bound. A subscription can override the value with
    /// <see cref="SubscribeOptions{TProperties}.QueueCapacityBytes"/>.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// // About 256 KB of queued events for each client that does not read.
    /// using var publisher = new Publisher(new PublisherOptions { QueueCapacityBytes = 256 * 1024 });
    /// </code>
    /// </example>
    public long QueueCapacityBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// The action for a new event when a subscriber's queue is full. The default is
    /// <see cref="QueueOverflow.Disconnect"/>.
    /// </summary>
    /// <remarks>
    /// Only the named values are valid. A subscription can override the value with
    /// <see cref="SubscribeOptions{TProperties}.QueueOverflow"/>.
    /// </remarks>
    public QueueOverflow QueueOverflow { get; set; } = QueueOverflow.Disconnect;

    /// <summary>
    /// The event that tells a client that it may have missed events, so that the page can reload its state. The default is
    /// null: none is sent.
    /// </summary>
    /// <remarks>
    /// <para>It is sent in two cases. After a resume with <see cref="ResumeResult.Gap"/>, it is the first event of the stream,
    /// before the initial data. After events were dropped because a queue was full, it is sent before the next event. One gap
    /// event stands for all events that were dropped in a row. With <see cref="QueueOverflow.DropNewest"/>, an event that is
    /// queued in between ends the row.</para>
    /// <para>It is never dropped, and is added even to a full queue. It does not count against
    /// <see cref="QueueCapacityBytes"/>. After a resume, it carries an id, so that the client keeps its position. If the client's
    /// last event id is not a valid id, the gap event may have none. With <see cref="QueueOverflow.Disconnect"/>, no event is dropped,
    /// so the gap event is sent only after a resume.</para>
    /// <para>The rules of <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> apply to it. An event
    /// that cannot be sent, or that has an id, makes the publisher's constructor throw an <see cref="ArgumentException"/>.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using System.Net.ServerSentEvents;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher(new PublisherOptions
    /// {
    ///     QueueOverflow = QueueOverflow.DropOldest,
    ///     GapEvent = new SseItem&lt;string&gt;("", "gap"),   // the page listens for "gap", and fetches its state again
    /// });
    /// </code>
    /// </example>
    public SseItem<string>? GapEvent { get; set; }

    /// <summary>
    /// The largest size of one framed event, in bytes of UTF-8, from 1 to 536,870,912 (512 MiB). The default is 64 MiB
    /// (67,108,864 bytes).
    /// </summary>
    /// <remarks>
    /// Publishing a larger event throws an <see cref="ArgumentException"/> before anything has changed. A personalized
    /// event that is too large counts as a failure of its function: the other subscribers get theirs. This
    /// option does not apply to the events of a backplane, which has its own <c>MaxEventBytes</c> for what is published.
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher(new PublisherOptions { MaxEventBytes = 64 * 1024 });
    /// try
    /// {
    ///     publisher.Publish(new string('x', 100_000));
    /// }
    /// catch (ArgumentException exception)
    /// {
    ///     Console.WriteLine(exception.Message);    // nothing was published
    /// }
    /// </code>
    /// </example>
    public int MaxEventBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// The largest number of open subscriptions, from 1 to <see cref="int.MaxValue"/>. The default is null: no limit.
    /// </summary>
    /// <remarks>
    /// <para>A subscription counts once, whatever the number of its channels, and stops counting as soon as it has ended for
    /// any reason.</para>
    /// <para>At the limit, <c>Subscribe</c> does not throw. It returns a subscription that has already ended, with
    /// <see cref="SubscriptionEndReason.Refused"/>. Its stream consists of a <c>retry:</c>: the
    /// <see cref="ReconnectionInterval"/> with its jitter, or a random time from 5 to 10 seconds if none is set. A client
    /// that gets this stream tries again later. A browser that gets an error status never reconnects (WHATWG HTML,
    /// 9.2.3).</para>
    /// <para>After the client is accepted, the random time stays its reconnection time. Set <see cref="ReconnectionInterval"/> to
    /// replace that time at the start of each accepted stream.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher(new PublisherOptions { MaxSubscribers = 10_000 });
    /// var subscription = publisher.Subscribe();
    /// var isRefused = subscription.EndReason == SubscriptionEndReason.Refused;
    /// </code>
    /// </example>
    public int? MaxSubscribers { get; set; }

    /// <summary>
    /// The time without progress after which the rest of an ended subscription's queue is dropped: above zero, at most about 49
    /// days. The default is 30 seconds.
    /// </summary>
    /// <remarks>
    /// <para>It applies when a subscription has ended and events are still queued: after <c>Close</c>, <c>Unsubscribe</c>,
    /// a full queue, or the publisher's <see cref="Publisher{TProperties}.Dispose"/>. The queue is dropped when the reader
    /// reads nothing for this time. The publisher checks at least four times per timeout, so the end can be about a quarter of
    /// it late.</para>
    /// <para>It is also dropped after a total time: ten times this timeout, or the time that the queued bytes need at 16 KB
    /// a second, whichever is longer. Initial data and shared replays do not extend the total time. With the default
    /// settings, a client of <c>CopyToAsync</c> that takes at least 16 KB a second gets everything that a full queue holds. A
    /// reader with <c>await foreach</c> makes progress only when it takes the next event.</para>
    /// <para><see cref="Subscription{TProperties}.Dispose"/> and a canceled token drop the queue at once, without this
    /// timeout.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher(new PublisherOptions { LingerTimeout = TimeSpan.FromSeconds(5) });
    /// var subscription = publisher.Subscribe();
    /// publisher.Publish("the last event");
    /// publisher.Close();    // a reader that takes something every five seconds still gets the event
    /// </code>
    /// </example>
    public TimeSpan LingerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The number of events that each channel keeps for clients that reconnect, from 0 to <see cref="int.MaxValue"/>. The
    /// default is 0: no history.
    /// </summary>
    /// <remarks>
    /// <para>With 1 or more, a client can resume with <see cref="SubscribeOptions{TProperties}.LastEventId"/>. Each
    /// channel has its own capacity. A busy channel evicts events of a quiet one only if all channels together reach
    /// <see cref="HistoryCapacityBytes"/>.</para>
    /// <para><b>Generated ids.</b> An event without an id gets a generated one: opaque, at most 1,000 characters. Only
    /// this publisher can make a valid one, so a forged id is a <see cref="ResumeResult.Gap"/>. The ids of a backplane are
    /// the same on every node and are not protected from forgery.</para>
    /// <para><b>Own ids.</b> An id that the application sets is kept. It must be unique among the events of all channels
    /// that one subscriber combines; otherwise a resume from it is a <see cref="ResumeResult.Gap"/>. The publisher compares
    /// it with the ids in the history, and with the last 65,536 ids that left the history, counted for each channel. A
    /// personalized event must have the same id for all subscribers that get it. If the ids differ, a resume from one of them is a
    /// gap. The publisher remembers the last 65,536 such ids.</para>
    /// <para><b>Forwarded items.</b> An item that carries a generated id of the same publisher gets a new generated id. It
    /// gets none in initial data, except for the last event, because no client could resume from it.</para>
    /// <para><b>Backplane.</b> An event that one node of a backplane publishes locally has no id. Its own id is removed, because the
    /// other nodes do not know it. Do not use own ids of the form of a backplane's generated ids, which is a number, <c>~</c>
    /// and eight hexadecimal digits: a backplane replaces them.</para>
    /// </remarks>
    public int HistoryCapacity { get; set; }

    /// <summary>
    /// The number of bytes that the histories of all channels can hold together, from 1 to <see cref="long.MaxValue"/>. The
    /// default is 64 MiB (67,108,864 bytes).
    /// </summary>
    /// <remarks>
    /// <para>Above this bound, the oldest events of all channels leave the history first. A client that missed one of them
    /// gets a <see cref="ResumeResult.Gap"/>. An event that is larger than the bound reaches the subscribers, and leaves
    /// the history at once, after all older events.</para>
    /// <para>The bytes are those of the framed events in UTF-8. An event of several channels counts once, until it has left
    /// the last of them. A personalized event counts as 0 bytes, because the history keeps its function:
    /// <see cref="HistoryCapacity"/> and <see cref="HistoryMaxAge"/> bound these. An event that a backplane personalizes
    /// counts with its text in UTF-16, which the history keeps. In memory, each event takes about 200 bytes more than it counts. After a
    /// reader took it as text or as an item, the event keeps that form as well.</para>
    /// <para>The value has no effect without a <see cref="HistoryCapacity"/>. <see cref="long.MaxValue"/> removes this
    /// bound.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1_000, HistoryCapacityBytes = 16 * 1024 * 1024 });
    /// </code>
    /// </example>
    public long HistoryCapacityBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// The age at which an event leaves the history: above zero, or null for no limit of age. The default is one hour.
    /// </summary>
    /// <remarks>
    /// <para>The publisher's timer enforces the age, also in quiet channels and when nothing is published. An event can stay
    /// for up to a quarter of this time longer.</para>
    /// <para>A channel without subscribers is evicted when nothing was published to it for this long. With null, the last
    /// events of every channel stay in memory, including channels that are no longer used.</para>
    /// </remarks>
    public TimeSpan? HistoryMaxAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The idle time after which a subscriber gets a heartbeat: above zero, at most about 49 days. The default is null:
    /// no heartbeats.
    /// </summary>
    /// <remarks>
    /// <para>A heartbeat is a comment, which clients ignore. It keeps proxies from closing an idle connection, and a
    /// write to a vanished client fails. The standard suggests about 15 seconds (WHATWG HTML, 9.2.7).</para>
    /// <para>A subscriber gets one if its queue is empty, or while it waits for its initial data. The publisher checks four
    /// times per interval, so a heartbeat comes at most a quarter of the interval late. It occupies a place in the queue
    /// until it is read, except while initial data is loaded.</para>
    /// <para><c>AddServerSentEvents</c> of the package <c>ServerSentEvents.AspNetCore</c> sets 15 seconds.</para>
    /// </remarks>
    public TimeSpan? HeartbeatInterval { get; set; }

    /// <summary>
    /// The time that clients wait before they reconnect: zero or more. The default is null: the client decides.
    /// </summary>
    /// <remarks>
    /// Each stream starts with this value as a <c>retry:</c> field, in whole milliseconds, at most
    /// <see cref="int.MaxValue"/> (WHATWG HTML, 9.2.6). A value between zero and one millisecond becomes 1. Browsers wait
    /// a few seconds if they get no value.
    /// </remarks>
    public TimeSpan? ReconnectionInterval { get; set; }

    /// <summary>
    /// The largest random time that is added to <see cref="ReconnectionInterval"/>, separately for each stream: zero or
    /// more. The default is zero.
    /// </summary>
    /// <remarks>
    /// It spreads the clients of a restarted server, so that they do not all reconnect in the same second. It has no
    /// effect without a <see cref="ReconnectionInterval"/>.
    /// </remarks>
    public TimeSpan ReconnectionJitter { get; set; }

    /// <summary>The source of the time and of timers. The default is <see cref="TimeProvider.System"/>.</summary>
    /// <remarks>
    /// Null is refused. <c>AddServerSentEvents</c> of the package <c>ServerSentEvents.AspNetCore</c> sets the registered
    /// <see cref="System.TimeProvider"/>, if there is one.
    /// </remarks>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
