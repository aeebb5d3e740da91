namespace ServerSentEvents.Internal.Queues;

/// <summary>Copies a queue to a response. A queue knows no more of its copy.</summary>
internal interface IQueueCopy
{
    /// <summary>Writes what is queued. Called by one thread at a time.</summary>
    void Write();

    /// <summary>Cancels a flush that waits for the client. Can run code of the writer.</summary>
    void CancelFlush();
}

/// <summary>Whether a copy stands on the ready list, and whether it is at work.</summary>
/// <remarks>
/// <code>
/// Idle      -> Ready      signal: goes on the ready list
/// Ready     -> Writing    a worker takes it from the list
/// Writing   -> Signaled   signal: something came after the copy looked
/// Writing   -> Idle       done, and nothing came
/// Signaled  -> Ready      done, and something came: goes on the ready list again
/// </code>
/// A flush under way belongs to Writing. A copy that has ended stays in Writing or Signaled, and is not put on the list again.
/// </remarks>
internal enum CopyState
{
    Idle,
    Ready,
    Writing,
    Signaled,
}
