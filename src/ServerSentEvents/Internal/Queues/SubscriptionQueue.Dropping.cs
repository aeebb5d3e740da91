using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <content>The side of the writer where the queue is full. Every member needs the registry's lock.</content>
internal abstract partial class SubscriptionQueue
{
    /// <summary>
    /// Drops the oldest items until a new one is added. Returns false if nothing is left to drop: the reader has begun the last
    /// frame.
    /// </summary>
    private bool DropOldestUntilAdded(object item)
    {
        bool hasDropped;
        do
        {
            hasDropped = DropOldest();
            // The reader can have made room, too.
            if (TryAdd(item))
                return true;
        }
        while (hasDropped);
        return false;
    }

    /// <summary>Drops the oldest item of the buffer. Its place becomes a hole.</summary>
    private bool DropOldest()
    {
        if (!_items.Reader.TryRead(out var oldest))
            return false;
        _bytes.Add(-LengthOf(oldest));
        // If there was nothing to send, nothing is lost.
        if (oldest is DeferredFrame { State: not DeferredState.Making, Frame: null })
            return true;
        if (oldest is DeferredFrame deferred)
            deferred.Drop();
        else if (oldest is ConflatedFrame place)
            _tracker!.Remove(place);
        if (oldest is not GapMark)
            CountDropped();
        if (!IsComment(oldest) && _tracker is { GapFrame: not null, HasHole: false })
        {
            _tracker.HasHole = true;
            // A gap event was counted when it was added.
            if (oldest is not GapMark)
                PublisherMetrics.Gaps.Increment();
        }

        return true;
    }

    /// <summary>
    /// Makes room for a place that grows. If there is none, does what the subscriber chose, which can drop the place.
    /// </summary>
    private QueueWriteResult MakeRoom(object place, int growth)
    {
        while (!HasRoomFor(growth, Bytes, ownBytes: LengthOf(place)))
        {
            if (_limits.Overflow == QueueOverflow.Disconnect)
                return QueueWriteResult.Overflowed;
            if (_limits.Overflow == QueueOverflow.DropNewest || !DropOldest())
            {
                CountDropped();
                return QueueWriteResult.Dropped;
            }

            if (place is DeferredFrame { State: DeferredState.Dropped } or ConflatedFrame { IsGone: true })
                return QueueWriteResult.Dropped;
        }

        return QueueWriteResult.Added;
    }

    /// <summary>Makes room for a frame that takes its place in the queue now.</summary>
    private QueueWriteResult MakeRoomFor(DeferredFrame deferred, int length)
    {
        if (_tracker is null)
            return MakeRoom(deferred, length);
        lock (_tracker)
            return MakeRoom(deferred, length);
    }

    /// <summary>Adds a gap event after the last event, unless there is one already.</summary>
    private void MarkHoleAtEnd()
    {
        if (_tracker is not { GapFrame: { } gap } || _tracker.LastMark is { IsTaken: false })
            return;
        var mark = new GapMark(gap);
        // A hole at the beginning of an empty buffer is the same hole.
        if (!_tracker.TryTakeHole(out _))
            PublisherMetrics.Gaps.Increment();
        _items.Writer.TryWrite(mark);
        _tracker.LastMark = mark;
    }

    /// <summary>Returns whether an item is a comment or a heartbeat, whose loss is no gap.</summary>
    private static bool IsComment(object item) => item is Frame { IsEvent: false };

    private void CountDropped()
    {
        Volatile.Write(ref _dropped, _dropped + 1);
        PublisherMetrics.Dropped.Increment();
    }
}
