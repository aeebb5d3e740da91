using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>A place in a queue whose frame is decided after the place was queued.</summary>
internal abstract class QueuePlace
{
    /// <summary>The number of bytes on the wire; 0 while it is not known.</summary>
    internal abstract int Length { get; }
}

/// <summary>
/// The place of a personalized event in the queue of a subscriber that joined while the event was being made. The thread that
/// publishes the event completes it; a reader that reaches the place earlier waits.
/// </summary>
internal sealed class DeferredFrame : QueuePlace
{
    /// <summary>Completes when the reader's wait ends.</summary>
    private readonly TaskCompletionSource<bool> _wait = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isMade;

    internal override int Length => IsMade && !IsHole ? Frame?.Length ?? 0 : 0;

    internal bool IsMade => _isMade;

    /// <summary>The frame; null before it is made, and if there is nothing to send.</summary>
    internal Frame? Frame { get; private set; }

    /// <summary>True if the place was dropped before the frame was made. Guarded by the registry's lock.</summary>
    internal bool IsDropped { get; set; }

    /// <summary>True if there was no room for the frame, and a gap event may take its place. Set before it is made.</summary>
    internal bool IsHole { get; set; }

    /// <summary>True if there was no room for the frame. Then no later frame may be delivered.</summary>
    internal bool IsLost { get; private set; }

    internal void Complete(Frame? frame, bool isLost = false)
    {
        Frame = frame;
        IsLost = isLost;
        _isMade = true;
        _wait.TrySetResult(true);
    }

    /// <summary>Waits until the frame is made, or until <see cref="StopWaiting"/>.</summary>
    internal Task WaitAsync() => _wait.Task;

    /// <summary>Ends the wait of a reader that gets nothing more.</summary>
    internal void StopWaiting() => _wait.TrySetResult(true);
}

/// <summary>The place of a key in a queue that conflates. Later events of the key replace its frame.</summary>
/// <param name="key">The key.</param>
/// <param name="first">The event that made the place. Its id is the id of the place.</param>
/// <remarks>Guarded by the queue's <see cref="QueueTracker"/>.</remarks>
internal sealed class ConflatedFrame(string key, Frame first) : QueuePlace
{
    internal string Key { get; } = key;

    internal Frame Frame { get; set; } = first;

    /// <summary>True if the reader has taken the place, or the place was dropped.</summary>
    internal bool IsGone { get; set; }

    internal override int Length => Frame.Length;
}

/// <summary>The place of a gap event, after the last event before a hole. It does not count against the bounds.</summary>
/// <param name="frame">The gap event.</param>
internal sealed class GapMark(Frame frame) : QueuePlace
{
    internal Frame Frame { get; } = frame;

    /// <summary>True if the reader has taken the gap event. Guarded by the queue's <see cref="QueueTracker"/>.</summary>
    internal bool IsTaken { get; set; }

    internal override int Length => 0;
}
