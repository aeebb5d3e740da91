namespace ServerSentEvents.Tests;

/// <summary>A clock that stands still until it is told to go on, and then runs what falls due on the way, in order.</summary>
internal sealed class FakeTimeProvider : TimeProvider
{
    private readonly List<FakeTimer> _timers = [];

    public DateTimeOffset UtcNow { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public int Timers => _timers.Count;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => UtcNow;

    public override long GetTimestamp() => UtcNow.Ticks;

    public void Advance(TimeSpan duration)
    {
        var end = UtcNow + duration;
        while (_timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due) is { } next)
        {
            UtcNow = next.Due;
            next.Fire();
        }

        UtcNow = end;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, () => callback(state), period) { Due = UtcNow + dueTime };
        _timers.Add(timer);
        return timer;
    }

    private sealed class FakeTimer(FakeTimeProvider time, Action callback, TimeSpan period) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        public void Fire()
        {
            if (period == Timeout.InfiniteTimeSpan)
                Dispose();
            Due += period;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod) => throw new NotSupportedException();

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
