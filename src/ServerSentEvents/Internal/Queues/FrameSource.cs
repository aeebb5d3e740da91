using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>Frames that a reader gets before its queue. They are not bounded by it and are never dropped.</summary>
/// <remarks>Read by the reader alone. Any thread can ask for <see cref="Count"/> and <see cref="IsEmpty"/>.</remarks>
internal abstract class FrameSource
{
    /// <summary>The number of frames that are left. It can take time for each of them.</summary>
    internal abstract int Count { get; }

    /// <summary>True if no frame is left. It takes the same time for any number.</summary>
    internal abstract bool IsEmpty { get; }

    /// <summary>What comes after this; null for nothing.</summary>
    internal virtual FrameSource? Next => null;

    /// <summary>True if the next frame does not exist anymore.</summary>
    internal virtual bool IsLost => false;

    /// <summary>Reads the next frame; null at the end, or where it is lost.</summary>
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
