namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What somebody hands in and waits for: an event, or a marker. All but its task is guarded by the lock of the
/// <see cref="Outbox"/>.
/// </summary>
/// <param name="encoded">The event; null for a marker.</param>
/// <param name="markerEpoch">The epoch that a marker names, 0 for none; null for an event, which is sent with that of its time.</param>
/// <param name="addedAt">When it was handed in, as a timestamp.</param>
internal sealed class OutgoingItem(byte[]? encoded, ulong? markerEpoch, long addedAt)
{
    private readonly TaskCompletionSource<string> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The event, as long as somebody waits for it; null for a marker.</summary>
    internal byte[]? Encoded { get; private set; } = encoded;

    internal ulong? MarkerEpoch { get; } = markerEpoch;

    internal long AddedAt { get; } = addedAt;

    /// <summary>The message that brings it; null until there is one.</summary>
    internal OutgoingMessage? Message { get; set; }

    /// <summary>Whether the stream needs nothing more of it: it has arrived, or nobody waits any more.</summary>
    internal bool IsSettled => _done.Task.IsCompleted;

    /// <summary>Completes with the position when it is confirmed, and has come back and been delivered.</summary>
    internal Task<string> Done => _done.Task;

    internal void Arrive(string position) => _done.TrySetResult(position);

    /// <summary>Ends the waiting, unless it is over.</summary>
    internal void Fail(Exception exception)
    {
        Encoded = null;
        if (_done.TrySetException(exception))
            _ = _done.Task.Exception; // Whether or not anybody is left to see it.
    }
}
