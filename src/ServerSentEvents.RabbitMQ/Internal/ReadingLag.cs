namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// How far behind the end of the stream a node may be. The broker does not tell where that is, so that it is told by time:
/// how old the newest message was when it came, and how long it has been delivered; and for how long none can have come, or
/// none has that should have.
/// </summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class ReadingLag(string stream, TimeProvider time, Outbox outbox)
{
    private readonly Lock _gate = new();

    /// <summary>In seconds. Guarded by <see cref="_gate"/>.</summary>
    private double _age;

    /// <summary>When a message came that is being delivered, as a timestamp; null for none. Guarded by <see cref="_gate"/>.</summary>
    private long? _atWorkSince;

    /// <summary>Since when the end of the stream is not read, as a timestamp; null while it is. Guarded by <see cref="_gate"/>.</summary>
    private long? _awaySince = time.GetTimestamp();

    internal string Stream => stream;

    internal double Seconds
    {
        get
        {
            var waiting = outbox.WaitingForReader.TotalSeconds;
            var now = time.GetTimestamp();
            lock (_gate)
                return Math.Max(_age + Elapsed(_atWorkSince, now), Math.Max(Elapsed(_awaySince, now), waiting));
        }
    }

    /// <summary>A message has been read, so many seconds after it was sent, and is delivered.</summary>
    internal void HasRead(double seconds)
    {
        var now = time.GetTimestamp();
        lock (_gate)
            (_age, _atWorkSince) = (seconds, now);
    }

    /// <summary>Nothing is being delivered.</summary>
    internal void EndMessage()
    {
        lock (_gate)
            _atWorkSince = null;
    }

    /// <summary>This node reads the end of the stream, until further notice.</summary>
    internal void SetCaughtUp()
    {
        lock (_gate)
            _awaySince = null;
    }

    /// <summary>It does not, or no longer.</summary>
    internal void SetAway()
    {
        var now = time.GetTimestamp();
        lock (_gate)
            _awaySince ??= now;
    }

    private double Elapsed(long? since, long now) => since is { } from ? time.GetElapsedTime(from, now).TotalSeconds : 0;
}
