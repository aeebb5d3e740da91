using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Publishing;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents;

/// <summary>
/// One subscriber's place in a <see cref="Publisher{TProperties}"/>, and its stream of events: each string is one whole
/// event (or comment) in the wire format, ready to be written to a response.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <remarks>
/// <para>It lasts from <see cref="Publisher{TProperties}.Subscribe(ChannelNames, TProperties, IEnumerable{string}?)"/>, and
/// not only from the first read: what is published in between is queued. It ends when its enumeration ends, in whatever
/// way, or by <see cref="Close"/>, <see cref="Dispose"/>, the publisher, or a full queue; see
/// <see cref="EndReason"/>. One that is never read is bounded by its queue.</para>
/// <para>All members can be used from any thread. The stream itself has one reader: it can be read once, as text, as
/// items or as bytes, and enumerated by one thread at a time, as every <see cref="IAsyncEnumerator{T}"/>.</para>
/// </remarks>
/// <example>
/// Writing a response, in any server:
/// <code>
/// var subscription = publisher.Subscribe("news");
/// await foreach (var text in subscription.WithCancellation(requestAborted))
/// {
///     await response.WriteAsync(text, requestAborted);
///     await response.FlushAsync(requestAborted);
/// }
/// </code>
/// </example>
[DebuggerDisplay("QueuedEvents = {QueuedEvents}, EndReason = {EndReason}")]
public sealed class Subscription<TProperties> : IAsyncEnumerable<string>, IDisposable
{
    private const int NotEnded = -1;

    private readonly PublisherCore<TProperties> _core;

    /// <summary>Ticks in UTC: there may be a hundred thousand of these, and a <see cref="DateTimeOffset"/> takes twice the room.</summary>
    private readonly long _subscribedAt;

    /// <summary>A <see cref="SubscriptionEndReason"/>, or <see cref="NotEnded"/>; set once, under the registry's lock.</summary>
    private volatile int _endReason = NotEnded;

    /// <summary>1 as soon as somebody reads, changed by an interlocked operation.</summary>
    private int _hasReader;

    /// <summary>The last walk of the registry that has met this subscription. Guarded by the registry's lock.</summary>
    private long _lastWalk;

    internal Subscription(
        PublisherCore<TProperties> core, TProperties properties, SubscriptionQueue queue, DateTimeOffset subscribedAt)
    {
        _core = core;
        _subscribedAt = subscribedAt.UtcTicks;
        Properties = properties;
        Queue = queue;
    }

    /// <summary>What was given to <c>Subscribe</c>, and what personalized events are made from.</summary>
    public TProperties Properties { get; }

    /// <summary>
    /// The channels that it is in, each once; after its end those that it was in last. A copy of the moment, made anew at
    /// each call.
    /// </summary>
    public IReadOnlyCollection<string> Channels => _core.Registry.ChannelsOf(this);

    /// <summary>When it began, by the publisher's <see cref="PublisherOptions.TimeProvider"/>, in UTC.</summary>
    public DateTimeOffset SubscribedAt => new(_subscribedAt, TimeSpan.Zero);

    /// <summary>How many events, comments and initial data wait to be read now, 0 or more.</summary>
    public int QueuedEvents => Queue.Count;

    /// <summary>
    /// How many events and comments found no room so far, under <see cref="QueueOverflow.DropOldest"/> or
    /// <see cref="QueueOverflow.DropNewest"/>; always 0 under <see cref="QueueOverflow.Disconnect"/>.
    /// </summary>
    public long DroppedEvents => Queue.Dropped;

    /// <summary>
    /// Why it has ended, or null while it is sent what is published. What is queued can still be read after the end, if
    /// that came by the publisher, by <see cref="Close"/> or by a full queue.
    /// </summary>
    public SubscriptionEndReason? EndReason => _endReason is var reason and not NotEnded ? (SubscriptionEndReason)reason : null;

    /// <summary>What became of <see cref="SubscribeOptions{TProperties}.LastEventId"/>; it does not change.</summary>
    public ResumeResult Resume { get; internal set; }

    internal SubscriptionQueue Queue { get; }

    /// <summary>When something was last put into the queue, where heartbeats need to know. Guarded by the registry's lock.</summary>
    internal long LastActivity { get; set; }

    /// <summary>
    /// The position up to which its client had everything when it came; -1 for a new one. With a backplane it may have come
    /// from a node that was ahead of this one. Guarded by the registry's lock.
    /// </summary>
    internal long HasHad { get; set; } = -1;

    /// <summary>The channels that it is in, and its places in them. Guarded by the registry's lock.</summary>
    internal Membership<TProperties>[] Memberships { get; set; } = [];

    /// <summary>A mutable struct, hence a field.</summary>
    internal AnnouncementOrder Announcement;

    /// <summary>
    /// Begins to read. Each string is one whole event or comment, ready to be written as it is. To be called once; a
    /// subscription that has been disposed of has an empty stream.
    /// </summary>
    /// <param name="cancellationToken">
    /// Ends the subscription when it is canceled, at once, even while the reader is busy elsewhere; the next (or waiting)
    /// <c>MoveNextAsync</c> throws <see cref="OperationCanceledException"/>.
    /// </param>
    /// <exception cref="InvalidOperationException">The stream already has, or had, a reader.</exception>
    public IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        Enumerate(FrameViews.Text, cancellationToken);

    /// <summary>
    /// The same stream as items that are not yet framed, for <c>TypedResults.ServerSentEvents</c> and others that write
    /// the wire format themselves. Comments, for which an item has no form, are left out.
    /// </summary>
    /// <returns>
    /// A sequence that can be enumerated once, in place of this subscription's own; its <c>GetAsyncEnumerator</c> throws
    /// <see cref="InvalidOperationException"/> where the stream already has, or had, a reader.
    /// </returns>
    public IAsyncEnumerable<SseItem<string>> AsItems() => new ItemStream<TProperties>(this);

    /// <summary>
    /// Writes the stream to a pipe as UTF-8, until it ends. Each event is encoded once for all of its subscribers, all that
    /// is queued goes by one flush, and nothing is held while nothing is queued: this is the way to serve many clients.
    /// </summary>
    /// <param name="writer">Where to. It stays the caller's, who completes it, and uses it for nothing else meanwhile.</param>
    /// <param name="cancellationToken">Ends the copying and the subscription at once, also during a flush.</param>
    /// <returns>
    /// A task that ends when the stream has ended, or when whoever reads the pipe has left; either way the subscription has
    /// ended too.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The stream already has, or had, a reader.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the stream had ended.</exception>
    /// <exception cref="AggregateException">A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw.</exception>
    /// <remarks>
    /// What the writer throws ends this subscription, and is thrown to the caller. A few threads write to everybody: a writer
    /// must not block the one that calls it, but return a task that is not yet complete.
    /// </remarks>
    public Task CopyToAsync(PipeWriter writer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        TakeReader();
        return CopyAsReaderAsync(writer, cancellationToken);
    }

    /// <summary>Writes it to a stream as UTF-8, until it ends: all that is queued, and then a flush.</summary>
    /// <param name="stream">Where to. It stays open; what it throws ends this subscription, and is thrown to the caller.</param>
    /// <param name="cancellationToken">Ends the copying and the subscription at once, also during a write that can be canceled.</param>
    /// <returns>A task that ends when the stream of events has ended, and the subscription with it.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <inheritdoc cref="CopyToAsync(PipeWriter, CancellationToken)" path="/exception[@cref!='T:System.ArgumentNullException']"/>
    public Task CopyToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        TakeReader();
        return CopyAsync(PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));

        async Task CopyAsync(PipeWriter writer)
        {
            Exception? failure = null;
            try
            {
                await CopyAsReaderAsync(writer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                failure = exception;
                throw;
            }
            finally
            {
                // All has been flushed, or will not be: completed without an exception, it would write what it still holds again.
                await writer.CompleteAsync(failure ?? new OperationCanceledException()).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Ends it gently: nothing further is queued, what is queued is delivered, and then the stream ends. Without effect
    /// after the end.
    /// </summary>
    /// <exception cref="AggregateException">A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw.</exception>
    public void Close()
    {
        if (_core.Registry.TryEnd(this, SubscriptionEndReason.Closed))
            _core.Announcer.AnnounceEnd(this);
    }

    /// <summary>
    /// Ends it now: what is queued is let go, and a reader that waits gets the end of the stream. Can be called twice.
    /// </summary>
    /// <exception cref="AggregateException">A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw.</exception>
    public void Dispose() => EndNow(SubscriptionEndReason.Unsubscribed);

    internal void EndNow(SubscriptionEndReason reason)
    {
        Queue.CutOff();
        var ended = _core.Registry.TryEnd(this, reason);
        Queue.Discard();
        if (ended)
            _core.Announcer.AnnounceEnd(this);
    }

    /// <summary>A copy is put on the ready list by whatever is queued from here on, and by the end.</summary>
    internal void TellOfWhatComes(PipeCopy copy) => _core.Registry.CopyTo(this, copy);

    internal FrameEnumerator<TProperties, TView> Enumerate<TView>(FrameView<TView> view, CancellationToken cancellationToken)
    {
        TakeReader();
        return new(this, view, cancellationToken);
    }

    /// <summary>The copying, for one who has taken the reader's place before, to prepare a response that is his alone.</summary>
    internal Task CopyAsReaderAsync(PipeWriter writer, CancellationToken cancellationToken) =>
        PipeCopy<TProperties>.Start(this, writer, cancellationToken);

    /// <exception cref="InvalidOperationException">Somebody else reads, or has read, the stream.</exception>
    internal void TakeReader()
    {
        if (Interlocked.Exchange(ref _hasReader, 1) != 0)
            throw new InvalidOperationException("A subscription can be read once, and this one has, or had, its reader.");
    }

    /// <summary>True the first time that a walk of the registry comes here. Needs the registry's lock.</summary>
    internal bool MeetOnce(long walk)
    {
        if (_lastWalk == walk)
            return false;
        _lastWalk = walk;
        return true;
    }

    /// <summary>True if no later walk has come here than that one, which has. Needs the registry's lock.</summary>
    internal bool WasMet(long walk) => _lastWalk == walk;

    /// <summary>Needs the registry's lock, and to be called once.</summary>
    internal void SetEnded(SubscriptionEndReason reason) => _endReason = (int)reason;
}
