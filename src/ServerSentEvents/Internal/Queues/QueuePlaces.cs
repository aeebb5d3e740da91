using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The place of a personalized event in the queue of a subscriber that joined while the event was being made. The thread that
/// publishes the event completes it; a reader that reaches the place earlier waits. A reader takes it from the buffer, and then
/// reads it as leading frames.
/// </summary>
internal sealed class DeferredFrame : LeadingFrames
{
    /// <summary>The source of the task that the reader waits for.</summary>
    private readonly TaskCompletionSource<bool> _wait = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile DeferredState _state;

    private volatile bool _isRead;

    /// <summary>The number of bytes on the wire; 0 while it is not known.</summary>
    internal int Length => _state == DeferredState.Made ? Frame?.Length ?? 0 : 0;

    /// <summary>The state. Written under the registry's lock.</summary>
    internal DeferredState State => _state;

    /// <summary>
    /// The frame, or the gap event of a hole; null before it is made, and if there is nothing to send.
    /// </summary>
    internal Frame? Frame { get; private set; }

    internal override int Count => _isRead ? 0 : 1;

    internal override bool IsEmpty => _isRead;

    internal override bool IsLost => _state == DeferredState.Lost;

    internal override bool CountsAgainstBounds => _state != DeferredState.Hole;

    internal override Task? Wait => _state == DeferredState.Making ? _wait.Task : null;

    internal override Frame? Read()
    {
        var frame = _isRead ? null : Frame;
        _isRead = true;
        return frame;
    }

    internal override void StopWaiting() => _wait.TrySetResult(true);

    /// <summary>Marks the place as dropped. Needs the registry's lock.</summary>
    internal void Drop() => _state = DeferredState.Dropped;

    /// <summary>Sets the frame, and the state unless the place was dropped. Needs the registry's lock.</summary>
    internal void Complete(DeferredState state, Frame? frame)
    {
        Frame = frame;
        if (_state == DeferredState.Making)
            _state = state;
        _wait.TrySetResult(true);
    }
}

/// <summary>The state of a <see cref="DeferredFrame"/>.</summary>
/// <remarks>
/// <code>
/// Making  -> Made      the function returned: the frame, or nothing, stands at the place
/// Making  -> Hole      the queue had no room: a gap event can stand at the place
/// Making  -> Lost      the queue had no room: the subscription ends at the place
/// Making  -> Dropped   the queue was full, and the place was its oldest
/// Made    -> Dropped   the same reason
/// </code>
/// A reader can reach a place in each state but Dropped, and waits while it is Making.
/// </remarks>
internal enum DeferredState
{
    Making,
    Made,
    Hole,
    Lost,
    Dropped,
}

/// <summary>The place of a key in a queue that conflates. Later events of the key replace its frame.</summary>
/// <param name="key">The key.</param>
/// <param name="first">The event that made the place. Its id is the id of the place.</param>
/// <remarks>Guarded by the queue's <see cref="QueueTracker"/>.</remarks>
internal sealed class ConflatedFrame(string key, Frame first)
{
    internal string Key { get; } = key;

    internal Frame Frame { get; set; } = first;

    /// <summary>True if the reader has taken the place, or the place was dropped.</summary>
    internal bool IsGone { get; set; }
}

/// <summary>The place of a gap event, after the last event before a hole. It does not count against the bounds.</summary>
/// <param name="frame">The gap event.</param>
internal sealed class GapMark(Frame frame)
{
    internal Frame Frame { get; } = frame;

    /// <summary>True if the reader has taken the gap event. Guarded by the queue's <see cref="QueueTracker"/>.</summary>
    internal bool IsTaken { get; set; }
}
