using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The queue of one subscriber: the frames of this subscriber alone, and then a bounded channel with a bound in bytes.
/// </summary>
/// <remarks>
/// One writer at a time, under the registry's lock, and one reader without it. Neither a write nor <see cref="Complete"/>
/// runs the reader's code: a waiting reader continues on the thread pool, and a copy is put on a list.
/// </remarks>
internal abstract class SubscriptionQueue
{
    /// <summary>Holds a <see cref="QueueItem"/> each. An array of objects stores them without a check of their type.</summary>
    private readonly Channel<object> _channel;
    private readonly QueueLimits _limits;

    /// <summary>
    /// The count of <see cref="Meter"/>, or 0 without one, less the bytes that were added here and not dropped. Written under
    /// the registry's lock.
    /// </summary>
    private long _bytesOrigin;

    /// <summary>The number of dropped frames. Written under the registry's lock.</summary>
    private long _dropped;

    /// <summary>The number of bytes that the reader has used. Written by the reader.</summary>
    private long _bytesTaken;

    /// <summary>A number that changes whenever the reader takes something. Written by the reader.</summary>
    private long _progress;

    /// <summary>The frames before the channel; null after the last of them. Written by the reader.</summary>
    private FrameSource? _first;

    /// <summary>The unmade frame that the reader waits for; null for none. Written by the reader.</summary>
    private DeferredFrame? _deferred;

    private volatile bool _isAborted;
    private volatile bool _isCompleted;

    /// <summary>A mutable struct, hence a field and not a property.</summary>
    internal CopyStateMachine CopyState;

    private protected SubscriptionQueue(QueueLimits limits)
    {
        _limits = limits;
        _channel = Channel.CreateBounded<object>(
            new BoundedChannelOptions(limits.Capacity) { AllowSynchronousContinuations = false });
    }

    /// <summary>The count that this queue shares with the others of its channel; null if it counts its own bytes.</summary>
    protected abstract ByteMeter? Meter { get; }

    private long BytesAdded => (Meter?.Bytes ?? 0) - Volatile.Read(ref _bytesOrigin);

    /// <summary>The writer of the channel, for a caller that has checked the room in bytes. Needs the registry's lock.</summary>
    internal ChannelWriter<object> Writer => _channel.Writer;

    /// <summary>The copy that reads this queue; null for another reader. Set once, under the registry's lock.</summary>
    internal IQueueCopy? Copy { get; private set; }

    /// <summary>The next queue on the ready list. Owned by the list that this queue stands on.</summary>
    internal SubscriptionQueue? NextReady { get; set; }

    /// <summary>The time of the last write, where heartbeats need it. Guarded by the registry's lock.</summary>
    internal long LastWrite { get; set; }

    /// <summary>The number of frames that wait. It can be out of date while the reader is at work.</summary>
    internal int Count
    {
        get
        {
            var count = (Volatile.Read(ref _deferred) is null ? 0 : 1) + _channel.Reader.Count;
            for (var source = Volatile.Read(ref _first); source is not null; source = source.Next)
                count += source.Count;
            return count;
        }
    }

    /// <summary>True if nothing waits. The time does not depend on the number of frames.</summary>
    internal bool IsEmpty => Volatile.Read(ref _first) is null or { IsEmpty: true, Next: null or { IsEmpty: true } }
        && Volatile.Read(ref _deferred) is null && _channel.Reader.Count == 0;

    /// <summary>
    /// The bytes that wait in the channel, and in a frame that the reader has begun. Needs the registry's lock.
    /// </summary>
    internal long Bytes => Math.Max(0, BytesAdded - Volatile.Read(ref _bytesTaken));

    /// <summary>The bytes that can certainly be added. The reader can only make more room. Needs the registry's lock.</summary>
    internal long Room => _limits.CapacityBytes - Bytes;

    internal long CapacityBytes => _limits.CapacityBytes;

    internal long Dropped => Volatile.Read(ref _dropped);

    internal long Progress => Volatile.Read(ref _progress);

    internal bool IsAborted => _isAborted;

    /// <summary>True if nothing is added anymore.</summary>
    internal bool IsCompleted => _isCompleted;

    /// <summary>True if a frame waits, or a copy has not yet written all that it took.</summary>
    internal bool HasUnread => !IsEmpty || (Copy is not null && !CopyState.IsIdle);

    /// <summary>True if the reader gets nothing more.</summary>
    internal bool IsFinished => _isAborted
        || (Volatile.Read(ref _first) is null && Volatile.Read(ref _deferred) is null && _channel.Reader.Completion.IsCompleted);

    /// <summary>True if a frame no longer existed when the reader reached it. Set by the reader.</summary>
    internal bool HasLostFrames { get; private set; }

    /// <summary>Puts frames before all others. Call once, before the queue has a reader.</summary>
    internal void Prepend(FrameSource? first) => Volatile.Write(ref _first, first);

    /// <summary>Adds a frame. If the queue is full, does what the subscriber chose. Needs the registry's lock.</summary>
    internal QueueWriteResult Write(QueueItem item, ref ReadyList ready)
    {
        if (!TryAdd(item))
        {
            if (_limits.Overflow == QueueOverflow.Disconnect)
                return QueueWriteResult.Overflowed;
            if (_limits.Overflow == QueueOverflow.DropNewest)
            {
                CountDropped();
                return QueueWriteResult.Dropped;
            }

            if (!DropOldestUntilAdded(item))
                return QueueWriteResult.Dropped;
        }

        Signal(ref ready);
        return QueueWriteResult.Added;
    }

    /// <summary>Subtracts bytes that the meter has counted and that were not added here. Needs the registry's lock.</summary>
    internal void Uncount(int bytes) => CountAdded(-bytes);

    /// <summary>Adds a frame where that drops nothing, else does nothing. Needs the registry's lock.</summary>
    internal bool WriteIfRoom(Frame frame) => TryAdd(frame);

    /// <summary>Completes a frame that was added before it was made. Needs the registry's lock.</summary>
    internal QueueWriteResult CompleteDeferred(DeferredFrame deferred, Frame? frame, ref ReadyList ready)
    {
        var result = frame is null || deferred.IsDropped || _isAborted ? QueueWriteResult.Dropped : TryCount(deferred, frame);
        if (result == QueueWriteResult.Added)
            deferred.Complete(frame);
        else
            deferred.Complete(frame: null, isLost: result == QueueWriteResult.Overflowed);
        Signal(ref ready);
        return result;
    }

    /// <summary>Ends the writing. What waits can still be read. Needs the registry's lock.</summary>
    internal void Complete(ref ReadyList ready)
    {
        _isCompleted = true;
        _channel.Writer.TryComplete();
        Signal(ref ready);
    }

    /// <summary>Attaches a copy, which is signaled for every later frame and for the end. Needs the registry's lock.</summary>
    internal void Attach(IQueueCopy copy) => Copy = copy;

    /// <summary>
    /// Stops the delivery. Call before <see cref="Complete"/>, which wakes a reader that checks <see cref="IsAborted"/>.
    /// </summary>
    internal void Abort()
    {
        _isAborted = true;
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _deferred)?.StopWaiting();
    }

    /// <summary>Drops all frames that wait. Needs <see cref="Abort"/> and <see cref="Complete"/> first.</summary>
    internal void Discard()
    {
        Volatile.Write(ref _first, null);
        Volatile.Write(ref _deferred, null);
        while (_channel.Reader.TryRead(out _))
        {
        }

        Volatile.Write(ref _bytesTaken, BytesAdded);
    }

    /// <summary>Takes the next frame. Its bytes count until <see cref="Release"/> is called.</summary>
    internal bool TryRead([NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        while (!_isAborted && TryTake(out var item))
        {
            frame = item as Frame ?? ((DeferredFrame)item).Frame;
            if (frame is null)
            {
                // A deferred frame can turn out to be nothing, or to be lost.
                if (((DeferredFrame)item).IsLost)
                    Lose();
                continue;
            }

            Volatile.Write(ref _progress, _progress + 1);
            if (frame.IsEvent)
                PublisherMetrics.Delivered.Increment();
            return true;
        }

        return false;
    }

    /// <summary>Counts bytes of the frame that was read last as used. Called by the reader.</summary>
    internal void Release(int bytes)
    {
        // Frames before the channel do not count. The field is not cleared before the next frame is read.
        if (Volatile.Read(ref _first) is null)
            Volatile.Write(ref _bytesTaken, _bytesTaken + bytes);
        Volatile.Write(ref _progress, _progress + 1);
    }

    /// <summary>Waits until <see cref="TryRead"/> may succeed. Returns false at the end.</summary>
    internal ValueTask<bool> WaitToReadAsync()
    {
        if (Volatile.Read(ref _deferred) is { } deferred)
            return WaitForAsync(deferred);
        return _channel.Reader.WaitToReadAsync(CancellationToken.None);
    }

    /// <summary>Adds this queue to a ready list if it has a copy that was idle. Needs the registry's lock.</summary>
    internal void Signal(ref ReadyList ready)
    {
        if (Copy is not null && CopyState.TryBecomeReady())
            ready.Add(this);
    }

    /// <summary>
    /// Moves the origin by the count of a <see cref="Meter"/> that comes or goes, so that <see cref="Bytes"/> does not change.
    /// Needs the registry's lock.
    /// </summary>
    protected void MoveOrigin(long bytes) => Volatile.Write(ref _bytesOrigin, _bytesOrigin + bytes);

    private bool TryAdd(QueueItem item)
    {
        var length = item.Length;
        if (!HasRoomFor(length))
            return false;
        // Count first: a reader that takes the frame at once must not make the difference negative.
        CountAdded(length);
        if (_channel.Writer.TryWrite(item))
            return true;
        CountAdded(-length);
        return false;
    }

    /// <summary>Returns whether the bound in bytes has room for a frame. An empty queue takes a frame of any size.</summary>
    private bool HasRoomFor(int length)
    {
        var bytes = Bytes;
        return bytes + length <= _limits.CapacityBytes || bytes == 0;
    }

    private bool DropOldestUntilAdded(QueueItem item)
    {
        do
        {
            // Only a frame that the reader has begun is left, and it cannot be dropped.
            if (!DropOldest())
            {
                if (TryAdd(item))
                    return true;
                CountDropped();
                return false;
            }
        }
        while (!TryAdd(item));
        return true;
    }

    private bool DropOldest()
    {
        if (!_channel.Reader.TryRead(out var oldest))
            return false;
        CountAdded(-((QueueItem)oldest).Length);
        if (oldest is DeferredFrame deferred)
            deferred.IsDropped = true;
        CountDropped();
        return true;
    }

    private void CountAdded(int bytes) => Volatile.Write(ref _bytesOrigin, _bytesOrigin - bytes);

    private void CountDropped()
    {
        Volatile.Write(ref _dropped, _dropped + 1);
        PublisherMetrics.Dropped.Increment();
    }

    private bool TryTake([NotNullWhen(true)] out QueueItem? item)
    {
        while (Volatile.Read(ref _first) is { } source)
        {
            item = source.Read();
            if (item is not null)
                return true;
            if (source.IsLost)
            {
                Lose();
                return false;
            }

            Volatile.Write(ref _first, source.Next);
        }

        item = Volatile.Read(ref _deferred);
        if (item is null)
        {
            if (!_channel.Reader.TryRead(out var next))
                return false;
            item = next as Frame ?? (QueueItem)next;
        }

        if (item is not DeferredFrame deferred)
            return true;
        var isMade = deferred.IsMade;
        Volatile.Write(ref _deferred, isMade ? null : deferred);
        // With the barrier in Abort: one of the two sees the other's write, so that no wait outlasts the delivery.
        Interlocked.MemoryBarrier();
        return isMade;
    }

    /// <summary>Counts a frame that has just been made, and does what the subscriber chose if there is no room.</summary>
    private QueueWriteResult TryCount(DeferredFrame deferred, Frame frame)
    {
        while (!HasRoomFor(frame.Length))
        {
            if (_limits.Overflow == QueueOverflow.Disconnect)
                return QueueWriteResult.Overflowed;
            if (_limits.Overflow == QueueOverflow.DropNewest || !DropOldest() || deferred.IsDropped)
            {
                if (!deferred.IsDropped)
                    CountDropped();
                return QueueWriteResult.Dropped;
            }
        }

        CountAdded(frame.Length);
        return QueueWriteResult.Added;
    }

    /// <summary>Stops the delivery, because the next frame no longer exists. Called by the reader.</summary>
    private void Lose()
    {
        HasLostFrames = true;
        Abort();
    }

    /// <summary>Waits for a frame that is being made, or for the end of the delivery.</summary>
    private async ValueTask<bool> WaitForAsync(DeferredFrame deferred)
    {
        if (!_isAborted)
            await deferred.WaitAsync().ConfigureAwait(false);
        return true;
    }
}
