namespace ServerSentEvents.Systematic.Exploration;

/// <summary>A clock that stands still until a scenario moves it. Timers fire only when the scenario fires them.</summary>
internal sealed class ScenarioClock : TimeProvider
{
    /// <summary>The timers that are not disposed. Guarded by this list.</summary>
    private readonly List<ScenarioTimer> _timers = [];

    private long _now;

    /// <summary>
    /// The longest delay that ends by itself, on a work item. The default is zero: a scenario ends all delays. A periodic timer
    /// is no delay.
    /// </summary>
    internal TimeSpan LongestOwnDelay { get; init; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ScenarioTimer(this, () => callback(state)) { IsSet = dueTime != Timeout.InfiniteTimeSpan };
        lock (_timers)
            _timers.Add(timer);
        if (period == Timeout.InfiniteTimeSpan && dueTime > TimeSpan.Zero && dueTime <= LongestOwnDelay)
            ThreadPool.UnsafeQueueUserWorkItem(_ => timer.Fire(), state: null);
        return timer;
    }

    internal void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);

    /// <summary>Runs the callbacks of all set timers on this thread, also before their time. Returns their number.</summary>
    internal int FireTimers()
    {
        ScenarioTimer[] due;
        lock (_timers)
            due = [.. _timers.Where(timer => timer.IsSet)];
        foreach (var timer in due)
            timer.Fire();
        return due.Length;
    }

    private sealed class ScenarioTimer(ScenarioClock clock, Action fire) : ITimer
    {
        /// <summary>True if the timer is set. Guarded by the clock's timers.</summary>
        internal bool IsSet { get; set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._timers)
            {
                IsSet = dueTime != Timeout.InfiniteTimeSpan;
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._timers)
            {
                IsSet = false;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
