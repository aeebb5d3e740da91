namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Tells a reader that is stuck from a stream that is quiet: the broker has confirmed a message of this node's, which is to
/// come back, and for a long time nothing comes at all. Where there is no such message it asks for one. Whatever the
/// application's code does with a message that has come takes its time, and does not count. Guarded by the lock of the
/// <see cref="Outbox"/>, but for <see cref="BeginMessage"/> and <see cref="EndMessage"/>.
/// </summary>
internal sealed class ReadingWatch(TimeProvider time, TimeSpan patience)
{
    private TaskCompletionSource<Exception> _stuck = NewEnd();

    /// <summary>How many messages were read, at the last look.</summary>
    private long _readBefore;

    /// <summary>How many messages were read.</summary>
    private long _read;

    /// <summary>Whether one of them is being delivered.</summary>
    private volatile bool _isAtWork;

    /// <summary>Since when a message has been waited for, as a timestamp; null while none is.</summary>
    private long? _waitingSince;

    /// <summary>Since when nothing has come, as a timestamp.</summary>
    private long _quietSince = time.GetTimestamp();

    /// <summary>For how long a message has been waited for.</summary>
    internal TimeSpan Waiting => _waitingSince is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>A connection begins to read. The task completes if it gets stuck.</summary>
    internal Task<Exception> Begin()
    {
        _waitingSince = null;
        _quietSince = time.GetTimestamp();
        _stuck = NewEnd();
        return _stuck.Task;
    }

    /// <summary>Any message of the stream has come. To be called by one thread at a time.</summary>
    internal void BeginMessage()
    {
        _isAtWork = true;
        Volatile.Write(ref _read, _read + 1);
    }

    /// <summary>It is delivered, and no longer owed.</summary>
    internal void EndMessage() => _isAtWork = false;

    /// <summary>
    /// To be called from time to time. Returns whether the stream has been quiet for so long that something should be put into
    /// it, which is then owed.
    /// </summary>
    /// <param name="isOwed">Whether a message has been confirmed, and not read.</param>
    internal bool Look(bool isOwed)
    {
        var read = Volatile.Read(ref _read);
        if (read != _readBefore || _isAtWork)
        {
            (_readBefore, _waitingSince, _quietSince) = (read, null, time.GetTimestamp());
            return false;
        }

        // Once it is owed it stays so, though nobody may wait for that message any more.
        if (_waitingSince is { } since && time.GetElapsedTime(since) >= patience)
            _stuck.TrySetResult(new TimeoutException($"Nothing has been read for {patience}, though the stream has more."));
        else if (isOwed)
            _waitingSince ??= time.GetTimestamp();

        if (_waitingSince is not null || time.GetElapsedTime(_quietSince) < patience)
            return false;
        _quietSince = time.GetTimestamp();
        return true;
    }

    private static TaskCompletionSource<Exception> NewEnd() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
