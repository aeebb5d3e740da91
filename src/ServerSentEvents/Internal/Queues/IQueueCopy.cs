namespace ServerSentEvents.Internal.Queues;

/// <summary>The copy of a queue to a response, with the members that the queue needs.</summary>
internal interface IQueueCopy
{
    /// <summary>Writes what is queued. Called by one thread at a time.</summary>
    void Write();

    /// <summary>Cancels a flush that waits for the client. Can run application code: the writer.</summary>
    void CancelFlush();
}

/// <summary>The state of a copy: whether its queue stands on the ready list, and whether it is at work.</summary>
/// <remarks>
/// <code>
/// Idle      -> Ready      signal: the queue goes on the ready list
/// Ready     -> Writing    a worker takes the queue from the list
/// Writing   -> Signaled   signal: something came after the copy looked
/// Writing   -> Idle       done, and nothing came
/// Signaled  -> Ready      done, and something came: the queue goes on the list again
/// </code>
/// A flush under way belongs to Writing. A copy that has ended stays in Writing or Signaled, and no worker comes to it again.
/// </remarks>
internal enum CopyState
{
    Idle,
    Ready,
    Writing,
    Signaled,
}

/// <summary>Changes a <see cref="CopyState"/>. A mutable struct, so that an idle subscription needs no further object.</summary>
/// <remarks>Signals come from any thread, also under the registry's lock. The other changes are those of the worker.</remarks>
internal struct CopyStateMachine
{
    /// <summary>A <see cref="CopyState"/>, changed by interlocked operations.</summary>
    private int _state;

    internal bool IsIdle => Volatile.Read(ref _state) == (int)CopyState.Idle;

    /// <summary>Signals the copy. Returns true if the caller has to put the queue on the ready list.</summary>
    internal bool TryBecomeReady()
    {
        var state = Volatile.Read(ref _state);
        while (state is (int)CopyState.Idle or (int)CopyState.Writing)
        {
            var next = (int)(state == (int)CopyState.Idle ? CopyState.Ready : CopyState.Signaled);
            var before = Interlocked.CompareExchange(ref _state, next, state);
            if (before == state)
                return state == (int)CopyState.Idle;
            state = before;
        }

        return false;
    }

    /// <summary>Marks the copy as at work, after its queue was taken from the ready list.</summary>
    internal void BecomeWriting() => Interlocked.Exchange(ref _state, (int)CopyState.Writing);

    /// <summary>
    /// Marks the copy as done. Returns false if something came: the caller has to put the queue on the ready list.
    /// </summary>
    internal bool TryBecomeIdle()
    {
        if (Interlocked.CompareExchange(ref _state, (int)CopyState.Idle, (int)CopyState.Writing) == (int)CopyState.Writing)
            return true;
        Volatile.Write(ref _state, (int)CopyState.Ready);
        return false;
    }
}
