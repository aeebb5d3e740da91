using System.Net.ServerSentEvents;
using System.Threading.Channels;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The queue of one subscriber: the frames of this subscriber alone, and then a bounded buffer with a bound in bytes.
/// </summary>
/// <remarks>
/// One writer at a time, under the registry's lock, and one reader without it. Neither a write nor <see cref="Complete"/>
/// runs the reader's code: a waiting reader continues on the thread pool, and a copy is put on a list.
/// </remarks>
internal abstract partial class SubscriptionQueue
{
    /// <summary>
    /// The buffer: frames, and places of frames. An array of objects stores them without a check of their type.
    /// </summary>
    private readonly Channel<object> _items;

    private readonly QueueLimits _limits;

    /// <summary>The state of a queue that sends gap events or conflates; null for a plain queue.</summary>
    private readonly QueueTracker? _tracker;

    /// <summary>The bytes of the buffer, and of a frame that the reader has begun.</summary>
    private QueueBytes _bytes;

    /// <summary>The number of dropped frames. Written under the registry's lock.</summary>
    private long _dropped;

    /// <summary>
    /// The frames before those of the buffer; null after the last of them. Written by <see cref="SetLeading"/> before the queue is read,
    /// then by the reader, and by <see cref="Discard"/> on any thread after <see cref="Abort"/>.
    /// </summary>
    private LeadingFrames? _leading;

    /// <summary>
    /// True if the next frame cannot be read, so that the reader has to end the subscription. Frames that were read before can still be
    /// sent. Set by the reader.
    /// </summary>
    private volatile bool _hasStopped;

    private volatile bool _isAborted;
    private volatile bool _isCompleted;

    /// <summary>The sources that wait for room. A mutable struct, hence a field and not a property.</summary>
    private RoomWaiters _roomWaiters;

    /// <summary>The number of times that the reader has taken something. Written by the reader. Can overflow: only a change counts.</summary>
    private int _progress;

    private protected SubscriptionQueue(QueueLimits limits, Func<SseItem<string>, string?>? keyFunction = null)
    {
        _limits = limits;
        var gapFrame = limits.Overflow == QueueOverflow.Disconnect ? null : limits.GapFrame;
        if (gapFrame is not null || keyFunction is not null)
            _tracker = new(gapFrame, keyFunction);
        // A gap event after the last event of a full queue needs a place.
        var capacity = gapFrame is not null && limits.Capacity < int.MaxValue ? limits.Capacity + 1 : limits.Capacity;
        // By default, a waiting reader continues on the thread pool.
        _items = Channel.CreateBounded<object>(capacity);
    }

    /// <summary>The count that this queue shares with the others of its channel; null if it counts its own bytes.</summary>
    protected abstract ChannelByteCount? ByteCount { get; }

    /// <summary>The writer of the buffer, for a caller that has checked the room in bytes. Needs the registry's lock.</summary>
    internal ChannelWriter<object> Writer => _items.Writer;

    /// <summary>True if each frame needs <see cref="Write"/>, even if there is room.</summary>
    internal bool IsTracked => _tracker is not null;

    /// <summary>The application's function that makes the key of an event; null for no conflation.</summary>
    internal Func<SseItem<string>, string?>? KeyFunction => _tracker?.KeyFunction;

    /// <summary>
    /// The copy that reads this queue; null for another reader. Set once, under the registry's lock. The copy is signaled for every later
    /// frame and for the end.
    /// </summary>
    internal QueueCopy? Copy { get; set; }

    /// <summary>The time of the last write, where heartbeats need it. Guarded by the registry's lock.</summary>
    internal long LastWrite { get; set; }

    /// <summary>The number of frames that wait. It can be out of date while the reader is at work.</summary>
    internal int Count => _items.Reader.Count + (Volatile.Read(ref _leading)?.CountAll ?? 0);

    /// <summary>True if nothing waits. The time does not depend on the number of frames.</summary>
    internal bool IsEmpty => Volatile.Read(ref _leading)?.FirstNonEmpty is null && _items.Reader.Count == 0;

    /// <summary>
    /// The bytes that wait in the buffer, and in a frame that the reader has begun. Needs the registry's lock.
    /// </summary>
    internal long Bytes => _bytes.Waiting(ByteCount);

    /// <summary>The bytes that can certainly be added. The reader can only make more room. Needs the registry's lock.</summary>
    internal long Room => _limits.CapacityBytes - Bytes;

    internal long CapacityBytes => _limits.CapacityBytes;

    internal long Dropped => Volatile.Read(ref _dropped);

    /// <summary>A number that changes whenever the reader takes something.</summary>
    internal int Progress => Volatile.Read(ref _progress);

    internal bool IsAborted => _isAborted;

    /// <summary>True if nothing is added anymore.</summary>
    internal bool IsCompleted => _isCompleted;

    /// <summary>True if a frame waits, or a copy has not yet written all that it took.</summary>
    internal bool HasUnread => !IsEmpty || Copy is { IsIdle: false };

    /// <summary>True if the reader gets a frame without a wait for the next event or for a load.</summary>
    private bool HasFrame => Volatile.Read(ref _leading)?.FirstNonEmpty is { } leading
        ? leading is not InitialLoad
        : _items.Reader.TryPeek(out var item) && item is not DeferredFrame { Frame: null };

    /// <summary>True if the reader gets nothing more.</summary>
    internal bool IsFinished =>
        _isAborted || _hasStopped
        // After the completion, only the reader changes the hole.
        || (Volatile.Read(ref _leading) is null && _items.Reader.Completion.IsCompleted && _tracker is not { HasHole: true });

    /// <summary>True if a frame no longer existed when the reader reached it. Set by the reader.</summary>
    internal bool HasLostFrames { get; private set; }

    /// <summary>The initial data that is not yet loaded and read; null for none.</summary>
    internal InitialLoad? PendingLoad => Volatile.Read(ref _leading)?.PendingLoad;

    /// <summary>The exception of the load, after which nothing more is read; null for none.</summary>
    internal Exception? LoadFailure => PendingLoad?.Failure;

    /// <summary>Replaces the leading frames. Call before the queue is read.</summary>
    internal void SetLeading(LeadingFrames? first) => Volatile.Write(ref _leading, first);

    /// <summary>Ends the writing. The queued frames can still be read. Needs the registry's lock.</summary>
    internal void Complete(ref ReadyList ready)
    {
        _isCompleted = true;
        _items.Writer.TryComplete();
        _roomWaiters.WakeAll();
        Signal(ref ready);
    }

    /// <summary>
    /// Stops the delivery. Call before <see cref="Complete"/>, which wakes a reader that checks <see cref="IsAborted"/>. Needs the
    /// registry's lock.
    /// </summary>
    internal void Abort()
    {
        _isAborted = true;
        Interlocked.MemoryBarrier();
        for (var leading = Volatile.Read(ref _leading); leading is not null; leading = leading.Next)
            leading.StopWaiting();
    }

    /// <summary>Drops all frames that wait. Needs <see cref="Abort"/> and <see cref="Complete"/> first.</summary>
    internal void Discard()
    {
        Volatile.Write(ref _leading, null);
        while (_items.Reader.TryRead(out _))
        {
        }

        _bytes.TakeAll(ByteCount);
    }

    /// <summary>Signals the copy, if there is one, and adds it to a ready list if it was idle. Needs the registry's lock.</summary>
    internal void Signal(ref ReadyList ready)
    {
        if (Copy is { } copy && copy.TryBecomeReady())
            ready.Add(copy);
    }
}
