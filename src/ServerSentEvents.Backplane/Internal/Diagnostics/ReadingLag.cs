namespace ServerSentEvents.Backplane.Internal.Diagnostics;

/// <summary>The time by which a node may be behind the end of the stream.</summary>
/// <param name="broker">The name of the broker.</param>
/// <param name="stream">The name of the stream.</param>
/// <param name="time">The clock.</param>
/// <param name="waiting">Returns the length of the current wait for an expected message.</param>
/// <remarks>
/// While the node reads the end: the age of the newest message when it came, plus the time of its delivery. Otherwise: the time
/// since the node last read the end. Safe for use by several threads.
/// </remarks>
internal sealed class ReadingLag(string broker, string stream, TimeProvider time, Func<TimeSpan> waiting)
{
    private readonly Lock _gate = new();

    /// <summary>The age of the newest message when it came, in seconds. Guarded by <see cref="_gate"/>.</summary>
    private double _age;

    /// <summary>The time when the message that is being delivered came, as a timestamp; null for none. Guarded by <see cref="_gate"/>.</summary>
    private long? _deliveringSince;

    /// <summary>
    /// The time at which the node stopped reading the end of the stream, as a timestamp; null while it reads the end. Guarded by
    /// <see cref="_gate"/>.
    /// </summary>
    private long? _behindSince = time.GetTimestamp();

    internal string Broker => broker;

    internal string Stream => stream;

    internal double Seconds
    {
        get
        {
            var waited = waiting().TotalSeconds;
            var now = time.GetTimestamp();
            lock (_gate)
                return Math.Max(_age + Elapsed(_deliveringSince, now), Math.Max(Elapsed(_behindSince, now), waited));
        }
    }

    /// <summary>Notes that a message of an age has come and is being delivered.</summary>
    internal void BeginDelivery(double age)
    {
        var now = time.GetTimestamp();
        lock (_gate)
            (_age, _deliveringSince) = (age, now);
    }

    internal void EndDelivery()
    {
        lock (_gate)
            _deliveringSince = null;
    }

    /// <summary>Notes whether the node reads the end of the stream.</summary>
    internal void SetCaughtUp(bool isCaughtUp)
    {
        var now = time.GetTimestamp();
        lock (_gate)
            _behindSince = isCaughtUp ? null : _behindSince ?? now;
    }

    private double Elapsed(long? since, long now) => since is { } from ? time.GetElapsedTime(from, now).TotalSeconds : 0;
}
