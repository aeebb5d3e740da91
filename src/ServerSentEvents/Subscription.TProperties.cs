using System.Diagnostics;
using System.Text.Json.Serialization;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <summary>
/// The subscription of one client, and its stream of events. Each string of the stream is one whole event or comment in
/// the wire format (WHATWG HTML, 9.2.5), ready to be written to a response.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para><b>Lifetime.</b> It begins when <c>Subscribe</c> returns: events that are published before the first read are
/// queued. It ends when its enumeration ends in any way, or through <see cref="Close"/>, <see cref="Dispose"/>, the
/// publisher, or a full queue. <see cref="EndReason"/> has the reason. Dispose a subscription that will not be read. The
/// bounds of its queue apply without a reader, too.</para>
/// <para><b>After the end.</b> No further event is queued. After <see cref="Dispose"/> and after a canceled token, the
/// queued events are dropped at once. In all other cases they can still be read, within the limits of
/// <see cref="PublisherOptions.LingerTimeout"/>, also after the publisher has been disposed. After the queue was read or
/// dropped, the object holds no queue, writer or publisher, so it can be kept. Its properties remain readable.</para>
/// <para><b>Thread safety.</b> All members can be used from any thread. The stream has one reader: it can be read once,
/// as text, as items or as bytes. An enumerator must be used by one thread at a time.</para>
/// </remarks>
/// <example>
/// Writing a response with any server. The first way is the fastest one for many clients; the second shows each event:
/// <code>
/// using ServerSentEvents;
///
/// using var publisher = new Publisher();
///
/// async Task WriteAsync(Stream response, CancellationToken requestAborted)
/// {
///     await publisher.Subscribe("news").CopyToAsync(response, requestAborted);
/// }
///
/// async Task WriteEachAsync(TextWriter response, CancellationToken requestAborted)
/// {
///     await foreach (var text in publisher.Subscribe("news").WithCancellation(requestAborted))
///     {
///         await response.WriteAsync(text);
///         await response.FlushAsync(requestAborted);
///     }
/// }
/// </code>
/// </example>
[DebuggerDisplay("QueuedEvents = {QueuedEvents}, EndReason = {EndReason}")]
[JsonConverter(typeof(NotAsJson))]
public sealed partial class Subscription<TProperties> : IAsyncEnumerable<string>, IDisposable
{
    /// <summary>
    /// The time of the beginning, in UTC ticks. There can be 100,000 subscriptions, and a <see cref="DateTimeOffset"/> takes
    /// twice the memory.
    /// </summary>
    private readonly long _subscribedAt;

    /// <summary>
    /// The <see cref="Internal.Channels.Subscriber{TProperties}"/>, or the <see cref="FinalState"/> when nothing is left to read.
    /// </summary>
    private object _state;

    /// <summary>The core of the publisher; null when nothing is left to read.</summary>
    private PublisherCore<TProperties>? _core;

    /// <summary>1 if the stream has, or had, a reader; else 0. Changed by interlocked operations.</summary>
    private int _hasReader;

    /// <summary>The <see cref="ResumeResult"/>, in one byte.</summary>
    private byte _resume;

    /// <summary>
    /// True while the missed personalized events are being made. Until then, the subscription is not listed. Written under the
    /// registry's lock.
    /// </summary>
    internal volatile bool IsResuming;

    internal Subscription(PublisherCore<TProperties> core, Subscriber<TProperties> subscriber, DateTimeOffset subscribedAt)
    {
        _state = subscriber;
        _subscribedAt = subscribedAt.UtcTicks;
        _core = core;
        subscriber.Subscription = this;
    }

    /// <summary>Gets the data that the application attached in <c>Subscribe</c>. Personalized events are made from it.</summary>
    public TProperties Properties => Subscriber is { } subscriber ? subscriber.Properties : Final.Properties;

    /// <summary>
    /// Gets the time at which the subscription began, in UTC, from the publisher's
    /// <see cref="PublisherOptions.TimeProvider"/>.
    /// </summary>
    public DateTimeOffset SubscribedAt => new(_subscribedAt, TimeSpan.Zero);

    /// <summary>
    /// Gets the number of events and comments that wait to be read, including initial data, replayed events and the
    /// reconnection interval (<c>retry:</c>).
    /// </summary>
    /// <remarks>
    /// The number can be out of date while the reader is at work. During a replay, counting takes time in proportion to the number of
    /// missed events that still wait.
    /// </remarks>
    public int QueuedEvents => Subscriber?.Count ?? 0;

    /// <summary>Gets the number of bytes that wait to be read, as the framed UTF-8 of their events.</summary>
    /// <remarks>
    /// It is compared with the <see cref="PublisherOptions.QueueCapacityBytes"/>. Initial data, gap events and replayed shared
    /// events do not count. Replayed personalized events count until the whole replay was read, and an event that is being
    /// written until its last byte is.
    /// </remarks>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var subscription = publisher.Subscribe();
    /// publisher.Publish("test");
    /// Console.WriteLine(subscription.QueuedBytes);    // 12, for "data: test\n\n"
    /// </code>
    /// </example>
    public long QueuedBytes => Core is { } core && Subscriber is { } subscriber ? core.Registry.BytesOf(subscriber) : 0;

    /// <summary>
    /// Gets the number of events and comments that were dropped so far because the queue was full. It is always 0 under
    /// <see cref="QueueOverflow.Disconnect"/>.
    /// </summary>
    public long DroppedEvents => Subscriber?.Dropped ?? Final.Dropped;

    /// <summary>Gets the reason for the end of the subscription, or null while it has not ended.</summary>
    /// <remarks>Queued events can still be delivered after the end. Only the first reason is kept.</remarks>
    public SubscriptionEndReason? EndReason => Subscriber is { } subscriber ? subscriber.End?.Reason : Final.EndReason;

    /// <summary>
    /// Gets the result of the attempt to resume with a <see cref="SubscribeOptions{TProperties}.LastEventId"/>. It does
    /// not change.
    /// </summary>
    public ResumeResult Resume
    {
        get => (ResumeResult)_resume;
        internal set => _resume = (byte)value;
    }

    /// <summary>The registry's view of this subscription; null when nothing is left to read.</summary>
    internal Subscriber<TProperties>? Subscriber => Volatile.Read(ref _state) as Subscriber<TProperties>;

    private PublisherCore<TProperties>? Core => Volatile.Read(ref _core);

    private FinalState Final => (FinalState)Volatile.Read(ref _state);

    /// <summary>True if the rest of the queue was dropped because the reader read nothing after the end.</summary>
    internal bool WasCutOff { get; private set; }

    /// <summary>The failure that has ended a copy.</summary>
    internal CopyFailure CopyFailure { get; set; }

    /// <summary>The properties that remain readable.</summary>
    private sealed record FinalState(
        TProperties Properties, IReadOnlyCollection<string> Channels, long Dropped, SubscriptionEndReason? EndReason);
}
