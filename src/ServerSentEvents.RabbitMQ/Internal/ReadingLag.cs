namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// How far behind the end of the stream a node may be. The broker does not tell where that is, so that it is told by time:
/// how old the newest message was when it came, and for how long none can have come, or none has that should have.
/// </summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class ReadingLag(string stream, TimeProvider time, Outbox outbox)
{
    private readonly Lock _gate = new();

    /// <summary>In seconds. Guarded by <see cref="_gate"/>.</summary>
    private double _age;

    /// <summary>Since when the end of the stream is not read, as a timestamp; null while it is. Guarded by <see cref="_gate"/>.</summary>
    private long? _awaySince = time.GetTimestamp();

    internal string Stream => stream;

    internal double Seconds
    {
        get
        {
            var waiting = outbox.WaitingForReader;
            lock (_gate)
            {
                var away = _awaySince is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
                return Math.Max(_age, (away > waiting ? away : waiting).TotalSeconds);
            }
        }
    }

    /// <summary>A message has been read, so many seconds after it was sent.</summary>
    internal void HasRead(double seconds)
    {
        lock (_gate)
            _age = seconds;
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
        lock (_gate)
            _awaySince ??= time.GetTimestamp();
    }
}
