namespace ServerSentEvents.Internal.Queues;

/// <summary>The copy of a queue to a response: its state, and the members that the queue and the workers need.</summary>
/// <remarks>
/// The state says whether the copy stands on the ready list, and whether it is at work. Signals come from any thread, also under
/// the registry's lock. Only the worker, or the end of a flush, makes the other changes.
/// </remarks>
internal abstract class QueueCopy
{
    /// <summary>A <see cref="CopyState"/>, changed by interlocked operations.</summary>
    private int _state;

    /// <summary>The next copy on the ready list. Owned by the list that this copy stands on.</summary>
    internal QueueCopy? NextReady { get; set; }

    /// <summary>The number of bytes in the flush that waits for the client; 0 if none waits.</summary>
    internal abstract int FlushingBytes { get; }

    internal bool IsIdle => Volatile.Read(ref _state) == (int)CopyState.Idle;

    /// <summary>Writes what is queued. Called by one worker at a time, after <see cref="BecomeWriting"/>.</summary>
    internal abstract void Write();

    /// <summary>Cancels a flush that waits for the client. Can run application code: the writer.</summary>
    internal abstract void CancelFlush();

    /// <summary>Signals the copy. Returns true if the caller has to put it on the ready list.</summary>
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

    /// <summary>Marks the copy as at work, after it was taken from the ready list.</summary>
    internal void BecomeWriting() => Interlocked.Exchange(ref _state, (int)CopyState.Writing);

    /// <summary>Marks the copy as done. Returns false if something came: the caller has to put it on the ready list.</summary>
    internal bool TryBecomeIdle()
    {
        if (Interlocked.CompareExchange(ref _state, (int)CopyState.Idle, (int)CopyState.Writing) == (int)CopyState.Writing)
            return true;
        Volatile.Write(ref _state, (int)CopyState.Ready);
        return false;
    }
}

/// <summary>The state of a copy.</summary>
/// <remarks>
/// <code>
/// Idle      -> Ready      signal: the copy goes on the ready list
/// Ready     -> Writing    a worker takes the copy from the list
/// Writing   -> Signaled   signal: something came after the copy looked
/// Writing   -> Idle       done, and nothing came
/// Signaled  -> Ready      done, and something came: the copy goes on the list again
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
