using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <content>The side of the reader. Every member is called by the reader alone.</content>
internal abstract partial class SubscriptionQueue
{
    /// <summary>
    /// Puts an empty comment first if the reader would otherwise have to wait. Call before the queue is read.
    /// </summary>
    internal void EnsureFirstByte()
    {
        if (HasFrame || IsFinished)
            return;
        SetLeading(new InitialFrames([Frame.Heartbeat], Volatile.Read(ref _leading)));
        // Discard, which any thread can call after Abort, may have come first.
        if (_isAborted)
            SetLeading(null);
    }

    /// <summary>Takes the next frame. Its bytes count until <see cref="Release"/> is called.</summary>
    internal bool TryRead([NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        if (_isAborted || _hasStopped || !TryTake(out frame))
            return false;
        NoteProgress();
        if (frame.IsEvent)
            PublisherMetrics.Delivered.Increment();
        return true;
    }

    /// <summary>Counts bytes of the frame that was read last as used. Called by the reader.</summary>
    internal void Release(int bytes)
    {
        // Gap events come from the buffer, but do not count against the bounds.
        if (HasReadFromBuffer && _tracker is not { HasReadGap: true })
            _bytes.Take(bytes);
        NoteProgress();
        if (!_roomWaiters.IsEmpty)
            WakeIfRoom();
    }

    /// <summary>Counts the frame that was read last as delivered, if its delivery is measured. Called by the reader.</summary>
    internal void CountDelivery(Frame frame)
    {
        // The age of a replayed frame says nothing about its delivery. After Abort, the frame may be a leading frame.
        if (frame.DeliveryStart != 0 && HasReadFromBuffer && !_isAborted)
            PublisherMetrics.CountDelivery(frame.DeliveryStart);
    }

    /// <summary>
    /// True if the frame that was read last came from the buffer, and not from the leading frames. The leading frames change
    /// only with the next read, and by <see cref="Discard"/> after <see cref="Abort"/>.
    /// </summary>
    private bool HasReadFromBuffer => Volatile.Read(ref _leading) is null or { CountsAgainstBounds: true };

    /// <summary>Waits until <see cref="TryRead"/> may succeed. Returns false at the end.</summary>
    internal ValueTask<bool> WaitToReadAsync()
    {
        // A read stops before the buffer only if it has to wait for a frame there. The wait can be over by now.
        if (Volatile.Read(ref _leading) is { } leading)
        {
            // Take the wait first. A heartbeat sets its flag and then completes the old wait, so the reader notices it.
            var wait = leading.Wait;
            return wait is null || leading.HasFrameWhileWaiting ? new ValueTask<bool>(true) : WaitForAsync(wait);
        }

        return _items.Reader.WaitToReadAsync(CancellationToken.None);
    }

    private bool TryTake([NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        while (true)
        {
            for (; Volatile.Read(ref _leading) is { } leading; Leave(leading))
            {
                if (leading.Wait is not null)
                {
                    frame = leading.ReadWhileWaiting();
                    return frame is not null;
                }

                frame = leading.Read();
                if (frame is not null)
                    return true;
                if (!leading.IsLost)
                    continue;
                // After Abort, nothing was lost: the rest is not wanted.
                HasLostFrames = leading is not InitialLoad { Failure: not null } && !_isAborted;
                _hasStopped = true;
                return false;
            }

            if (!TryTakeItem(out var item))
            {
                // The buffer's lock has made the reader's last writes visible, so that no wake-up is missed.
                if (!_roomWaiters.IsEmpty)
                    WakeIfRoom();
                return false;
            }

            frame = item as Frame;
            if (frame is not null)
                return true;
            Volatile.Write(ref _leading, (DeferredFrame)item);
            // With the barrier in Abort: one of the two sees the other's write, so that no wait outlasts the delivery.
            Interlocked.MemoryBarrier();
            if (_isAborted)
                return false;
        }
    }

    private bool TryTakeItem([MaybeNullWhen(false)] out object item)
    {
        if (_tracker is null)
            return _items.Reader.TryRead(out item);
        lock (_tracker)
        {
            if (_tracker.TryTakeHole(out var gap))
            {
                _tracker.HasReadGap = true;
                item = gap;
                return true;
            }

            if (!_items.Reader.TryRead(out item))
                return false;
            _tracker.HasReadGap = item is GapMark;
            item = _tracker.Take(item);
            return true;
        }
    }

    /// <summary>Notes that the reader has taken something. A heartbeat during a load is no progress.</summary>
    private void NoteProgress()
    {
        if (Volatile.Read(ref _leading) is not InitialLoad { Wait: not null })
            Volatile.Write(ref _progress, unchecked(_progress + 1));
    }

    private void Leave(LeadingFrames leading)
    {
        _bytes.Take(leading.Bytes);
        Volatile.Write(ref _leading, leading.Next);
    }

    /// <summary>Waits for a frame that is being made, or for the end of the delivery.</summary>
    private async ValueTask<bool> WaitForAsync(Task wait)
    {
        if (!_isAborted)
            await wait.ConfigureAwait(false);
        return true;
    }
}
