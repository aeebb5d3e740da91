using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// Frames that a reader gets before its queue. They do not count against the queue's bounds and are never dropped.
/// </summary>
/// <remarks>Read by the reader alone. Any thread can ask for <see cref="Count"/> and <see cref="IsEmpty"/>.</remarks>
internal abstract class FrameSource
{
    /// <summary>The number of frames that are left. The time to count them can depend on their number.</summary>
    internal abstract int Count { get; }

    /// <summary>True if no frame is left. The time does not depend on the number of frames.</summary>
    internal abstract bool IsEmpty { get; }

    /// <summary>The source after this one; null for none.</summary>
    internal virtual FrameSource? Next => null;

    /// <summary>True if the next frame no longer exists.</summary>
    internal virtual bool IsLost => false;

    /// <summary>Reads the next frame. Returns null at the end, or if the frame is lost.</summary>
    internal abstract Frame? Read();
}

/// <summary>Frames that were made for one subscriber: the retry interval, its position, and its initial data.</summary>
/// <param name="frames">The frames.</param>
/// <param name="next">A replay; null for none.</param>
internal sealed class InitialFrames(Frame[] frames, FrameSource? next = null) : FrameSource
{
    private int _read;

    internal override FrameSource? Next => next;

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
