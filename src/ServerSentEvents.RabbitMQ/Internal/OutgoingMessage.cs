namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// A message on its way to the stream and back. All but its task is guarded by the lock of the <see cref="Outbox"/>.
/// </summary>
/// <param name="body">The message, to be stamped when it is sent.</param>
/// <param name="markerEpoch">The epoch that a marker names, 0 for none; null for an event, which names that of its time.</param>
/// <param name="addedAt">When it was made, as a timestamp.</param>
internal sealed class OutgoingMessage(byte[] body, ulong? markerEpoch, long addedAt)
{
    private readonly TaskCompletionSource<string> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string? _position;

    internal byte[] Body { get; } = body;

    internal ulong? MarkerEpoch { get; } = markerEpoch;

    internal long AddedAt { get; } = addedAt;

    /// <summary>Its number, given when it is first sent; 0 before.</summary>
    internal ulong Sequence { get; set; }

    /// <summary>Whether the stream needs nothing more of it: it has arrived, or nobody waits any more.</summary>
    internal bool IsSettled => _done.Task.IsCompleted;

    /// <summary>When this connection was given it, as a timestamp.</summary>
    internal long SentAt { get; set; }

    /// <summary>Whether it waits to be sent again.</summary>
    internal bool IsToBeSentAgain { get; set; }

    internal bool IsConfirmed { get; private set; }

    internal bool IsRead => _position is not null;

    /// <summary>Completes with the position when it is confirmed and has been read back.</summary>
    internal Task<string> Done => _done.Task;

    internal void SetConfirmed()
    {
        IsConfirmed = true;
        Settle();
    }

    internal void SetRead(string position)
    {
        _position = position;
        Settle();
    }

    /// <summary>Ends the waiting, unless it is over.</summary>
    internal void Fail(Exception exception)
    {
        if (_done.TrySetException(exception))
            _ = _done.Task.Exception; // Whether or not anybody is left to see it.
    }

    private void Settle()
    {
        if (IsConfirmed && _position is not null)
            _done.TrySetResult(_position);
    }
}
