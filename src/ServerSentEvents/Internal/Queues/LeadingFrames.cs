using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// Frames that a reader gets before the buffer of its queue. They do not count against the queue's bounds, unless
/// <see cref="CountsAgainstBounds"/> is true, and are never dropped.
/// </summary>
/// <remarks>Read by the reader alone. Any thread can ask for <see cref="Count"/> and <see cref="IsEmpty"/>.</remarks>
internal abstract class LeadingFrames
{
    /// <summary>The number of frames that are left. The time to count them can depend on their number.</summary>
    internal abstract int Count { get; }

    /// <summary>True if no frame is left. The time does not depend on the number of frames.</summary>
    internal abstract bool IsEmpty { get; }

    /// <summary>The leading frames after these; null for none. There are at most four in a row.</summary>
    internal virtual LeadingFrames? Next => null;

    /// <summary>The number of frames that are left in these and all later leading frames.</summary>
    internal int CountAll => Count + (Next?.CountAll ?? 0);

    /// <summary>The first of these and the later leading frames that have a frame left; null for none.</summary>
    internal LeadingFrames? FirstNonEmpty => IsEmpty ? Next?.FirstNonEmpty : this;

    /// <summary>The load among these and the later leading frames; null for none.</summary>
    internal InitialLoad? PendingLoad => this as InitialLoad ?? Next?.PendingLoad;

    /// <summary>True if the next frame no longer exists.</summary>
    internal virtual bool IsLost => false;

    /// <summary>The bytes that these frames hold for this subscriber alone, until the last one was read.</summary>
    internal virtual long Bytes => 0;

    /// <summary>True if each frame counts against the bounds, as a frame of the buffer does.</summary>
    internal virtual bool CountsAgainstBounds => false;

    /// <summary>The task for which the reader has to wait before the next frame; null for none.</summary>
    internal virtual Task? Wait => null;

    /// <summary>True if <see cref="ReadWhileWaiting"/> has a frame.</summary>
    internal virtual bool HasFrameWhileWaiting => false;

    /// <summary>Reads the next frame. Returns null at the end, or if the frame is lost.</summary>
    internal abstract Frame? Read();

    /// <summary>Reads a frame that does not need <see cref="Wait"/>. Returns null if there is none.</summary>
    internal virtual Frame? ReadWhileWaiting() => null;

    /// <summary>Ends the wait of a reader that gets nothing more. Can be called by any thread.</summary>
    internal virtual void StopWaiting()
    {
    }
}

/// <summary>Frames that were made for one subscriber: the reconnection interval, its position, and its initial data.</summary>
/// <param name="frames">The frames.</param>
/// <param name="next">The leading frames after these; null for none.</param>
internal sealed class InitialFrames(Frame[] frames, LeadingFrames? next = null) : LeadingFrames
{
    private int _read;

    internal override LeadingFrames? Next => next;

    internal override int Count => frames.Length - Volatile.Read(ref _read);

    internal override bool IsEmpty => Count == 0;

    internal override Frame? Read()
    {
        if (_read == frames.Length)
            return null;
        var frame = frames[_read];
        frames[_read] = null!;
        Volatile.Write(ref _read, _read + 1);
        return frame;
    }
}
