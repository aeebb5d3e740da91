using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <content>The side of the writer. Every member needs the registry's lock, except <see cref="HasRoomFor"/>.</content>
internal abstract partial class SubscriptionQueue
{
    /// <summary>
    /// Counts the bytes of <see cref="LeadingFrames"/>. Returns false if there is no room. Needs the registry's lock.
    /// </summary>
    internal bool TryAddBytes(long bytes)
    {
        if (bytes > 0 && bytes > Room)
            return false;
        _bytes.Add(bytes);
        return true;
    }

    /// <summary>Adds a frame. If the queue is full, does what the subscriber chose. Needs the registry's lock.</summary>
    internal QueueWriteResult Write(Frame frame, EventKey key, ref ReadyList ready)
    {
        QueueWriteResult result;
        if (_tracker is null)
        {
            result = Add(frame);
        }
        else
        {
            lock (_tracker)
                result = _tracker.KeyFunction is not null && frame.IsEvent ? AddByKey(frame, key) : Add(frame);
        }

        // A dropped event can have left a gap event.
        if (result == QueueWriteResult.Added || _tracker is not null)
            Signal(ref ready);
        return result;
    }

    /// <summary>Adds the place of a frame that is still being made. Needs the registry's lock.</summary>
    internal QueueWriteResult WriteDeferred(DeferredFrame deferred)
    {
        if (_tracker is null)
            return Add(deferred);
        lock (_tracker)
        {
            var result = Add(deferred);
            if (result == QueueWriteResult.Added)
                _tracker.ForgetPlaces(default);
            return result;
        }
    }

    /// <summary>Subtracts bytes that the channel counts and that were not added here. Needs the registry's lock.</summary>
    internal void Uncount(long bytes) => _bytes.Add(-bytes);

    /// <summary>Completes a frame that was added before it was made. Needs the registry's lock.</summary>
    internal QueueWriteResult CompleteDeferred(DeferredFrame deferred, Frame? frame, ref ReadyList ready)
    {
        var result = QueueWriteResult.Dropped;
        if (frame is null || _isAborted || deferred.State != DeferredState.Making)
        {
            deferred.Complete(DeferredState.Made, frame: null);
        }
        else
        {
            result = MakeRoomFor(deferred, frame.Length);
            CompleteMade(deferred, frame, result);
        }

        Signal(ref ready);
        return result;
    }

    private void CompleteMade(DeferredFrame deferred, Frame frame, QueueWriteResult room)
    {
        switch (room)
        {
            case QueueWriteResult.Added:
                _bytes.Add(frame.Length);
                deferred.Complete(DeferredState.Made, frame);
                break;
            case QueueWriteResult.Overflowed:
                deferred.Complete(DeferredState.Lost, frame: null);
                break;
            default:
                // Count no gap for a place that was dropped to make room: no reader reaches it.
                if (_tracker?.GapFrame is not null && deferred.State == DeferredState.Making)
                    PublisherMetrics.Gaps.Increment();
                deferred.Complete(DeferredState.Hole, _tracker?.GapFrame);
                break;
        }
    }

    /// <summary>Returns the number of bytes that a frame or a place counts. A gap event counts none.</summary>
    private static int LengthOf(object item) => item switch
    {
        Frame frame => frame.Length,
        ConflatedFrame place => place.Frame.Length,
        DeferredFrame deferred => deferred.Length,
        _ => 0,
    };

    /// <summary>Adds a frame or a place. If the queue is full, does what the subscriber chose.</summary>
    private QueueWriteResult Add(object item)
    {
        if (TryAdd(item))
            return QueueWriteResult.Added;
        if (_limits.Overflow == QueueOverflow.Disconnect)
            return QueueWriteResult.Overflowed;
        if (_limits.Overflow == QueueOverflow.DropOldest && DropOldestUntilAdded(item))
            return QueueWriteResult.Added;
        CountDropped();
        if (!IsComment(item))
            MarkHoleAtEnd();
        return QueueWriteResult.Dropped;
    }

    /// <summary>Replaces the event of the same key, or adds a place for the key.</summary>
    private QueueWriteResult AddByKey(Frame frame, EventKey key)
    {
        QueueWriteResult result;
        if (key.Value is null || frame.OwnId is not null)
        {
            result = Add(frame);
            // Later events of the key must come after this one. An event of an unknown key can have any key.
            if (result == QueueWriteResult.Added)
                _tracker!.ForgetPlaces(key);
            return result;
        }

        if (_tracker!.FindPlace(key.Value) is { } place)
        {
            result = Replace(place, frame.AtPlaceOf(place.Frame));
            // If the oldest events were dropped up to the place itself, the event needs a new place.
            if (!place.IsGone)
                return result;
        }

        var added = new ConflatedFrame(key.Value, frame);
        result = Add(added);
        if (result == QueueWriteResult.Added)
            _tracker.Add(added);
        return result;
    }

    private QueueWriteResult Replace(ConflatedFrame place, Frame latest)
    {
        var growth = latest.Length - place.Frame.Length;
        var result = MakeRoom(place, growth);
        if (result == QueueWriteResult.Added)
        {
            _bytes.Add(growth);
            place.Frame = latest;
            PublisherMetrics.Conflated.Increment();
        }
        else if (result == QueueWriteResult.Dropped && !place.IsGone)
        {
            MarkHoleAtEnd();
        }

        return result;
    }

    /// <summary>Adds a frame or a place if there is room. Returns false if there is none. Needs the registry's lock.</summary>
    internal bool TryAdd(object item)
    {
        var length = LengthOf(item);
        if (!HasRoomFor(length, Bytes, ownBytes: 0) || (_tracker is not null && _items.Reader.Count >= _limits.Capacity))
            return false;
        // Count first: a reader that takes the frame at once must not make the difference negative.
        _bytes.Add(length);
        if (_items.Writer.TryWrite(item))
        {
            if (_tracker is not null)
                _tracker.LastMark = null;
            return true;
        }

        _bytes.Add(-length);
        return false;
    }

    /// <summary>
    /// Returns whether the bound in bytes has room for more bytes. If only the event that grows is in the queue, any size fits.
    /// </summary>
    /// <param name="length">The number of bytes to add.</param>
    /// <param name="bytes">The value of <see cref="Bytes"/>.</param>
    /// <param name="ownBytes">The bytes that the event has in the queue already; 0 for a new event.</param>
    private bool HasRoomFor(int length, long bytes, int ownBytes) =>
        bytes + length <= _limits.CapacityBytes || bytes == ownBytes;
}
