using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Internal.Queues;

/// <content>The side of the writer where the queue is full. Every member needs the registry's lock.</content>
internal abstract partial class SubscriptionQueue
{
    private bool DropOldestUntilAdded(object item)
    {
        do
        {
            if (DropOldest())
                continue;
            // Only a frame that the reader has begun is left, and it cannot be dropped.
            if (TryAdd(item, LengthOf(item)))
                return true;
            CountDropped();
            MarkHoleAtEnd();
            return false;
        }
        while (!TryAdd(item, LengthOf(item)));
        return true;
    }

    /// <summary>Drops the oldest item of the channel. Its place becomes a hole.</summary>
    private bool DropOldest()
    {
        if (!_channel.Reader.TryRead(out var oldest))
            return false;
        _bytes.Add(-LengthOf(oldest));
        // If there was nothing to send, nothing is lost.
        if (oldest is DeferredFrame { IsMade: true, Frame: null })
            return true;
        if (oldest is DeferredFrame deferred)
            deferred.IsDropped = true;
        else if (oldest is ConflatedFrame place)
            _tracker!.Remove(place);
        if (oldest is not GapMark)
            CountDropped();
        if (_tracker is { GapFrame: not null, HasHole: false })
        {
            _tracker.HasHole = true;
            PublisherMetrics.Gaps.Increment();
        }

        return true;
    }

    /// <summary>
    /// Makes room for a place that grows. If there is none, does what the subscriber chose, which can drop the place.
    /// </summary>
    private QueueWriteResult MakeRoom(QueuePlace place, int growth)
    {
        while (!HasRoomFor(growth, Bytes, holds: place.Length))
        {
            if (_limits.Overflow == QueueOverflow.Disconnect)
                return QueueWriteResult.Overflowed;
            if (_limits.Overflow == QueueOverflow.DropNewest || !DropOldest())
            {
                CountDropped();
                return QueueWriteResult.Dropped;
            }

            if (place is DeferredFrame { IsDropped: true } or ConflatedFrame { IsGone: true })
                return QueueWriteResult.Dropped;
        }

        return QueueWriteResult.Added;
    }

    /// <summary>Lets a gap event take the place of a frame that found no room.</summary>
    private void ShowHoleAt(DeferredFrame deferred)
    {
        deferred.IsHole = true;
        if (_tracker?.GapFrame is not null)
            PublisherMetrics.Gaps.Increment();
    }

    /// <summary>Adds a gap event after the last event, unless there is one already.</summary>
    private void MarkHoleAtEnd()
    {
        if (_tracker is not { GapFrame: { } gap } || _tracker.LastMark is { IsTaken: false })
            return;
        var mark = new GapMark(gap);
        // A hole at the beginning of an empty channel is the same hole.
        if (!_tracker.TryTakeHole(out _))
            PublisherMetrics.Gaps.Increment();
        _channel.Writer.TryWrite(mark);
        _tracker.LastMark = mark;
    }

    private void CountDropped()
    {
        Volatile.Write(ref _dropped, _dropped + 1);
        PublisherMetrics.Dropped.Increment();
    }
}
