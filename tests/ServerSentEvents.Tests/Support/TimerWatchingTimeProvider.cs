namespace ServerSentEvents.Tests;

/// <summary>A fake clock that counts its timers, how often they are set and call back, and how often it is read.</summary>
internal sealed class TimerWatchingTimeProvider : FakeTimeProvider
{
    private int _running;
    private int _live;
    private int _starts;
    private int _ticks;
    private int _reads;

    /// <summary>The number of timers that will call back.</summary>
    public int RunningTimers => Volatile.Read(ref _running);

    /// <summary>The number of timers that were not disposed.</summary>
    public int LiveTimers => Volatile.Read(ref _live);

    /// <summary>The number of times that a timer was set. A call counts when the timer is set.</summary>
    public int Starts => Volatile.Read(ref _starts);

    /// <summary>The number of callbacks of timers.</summary>
    public int Ticks => Volatile.Read(ref _ticks);

    /// <summary>The number of calls of <see cref="GetTimestamp"/>.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Called before a timer is disposed, with its callback; null for nothing.</summary>
    public Action<Action>? Disposing { get; set; }

    public override long GetTimestamp()
    {
        Interlocked.Increment(ref _reads);
        return base.GetTimestamp();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(Tick, state, dueTime, period);
        return new WatchedTimer(this, timer, () => callback(state), IsSet(dueTime));

        void Tick(object? state)
        {
            Interlocked.Increment(ref _ticks);
            callback(state);
        }
    }

    private static bool IsSet(TimeSpan dueTime) => dueTime != Timeout.InfiniteTimeSpan;

    private sealed class WatchedTimer : ITimer
    {
        private readonly TimerWatchingTimeProvider _time;
        private readonly ITimer _timer;
        private readonly Action _callback;
        private int _isRunning;
        private int _isDisposed;

        internal WatchedTimer(TimerWatchingTimeProvider time, ITimer timer, Action callback, bool isRunning)
        {
            (_time, _timer, _callback) = (time, timer, callback);
            Interlocked.Increment(ref time._live);
            SetRunning(isRunning);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (!_timer.Change(dueTime, period))
                return false;
            SetRunning(IsSet(dueTime));
            return true;
        }

        public void Dispose()
        {
            _time.Disposing?.Invoke(_callback);
            SetRunning(false);
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                Interlocked.Decrement(ref _time._live);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void SetRunning(bool isRunning)
        {
            var value = isRunning ? 1 : 0;
            Interlocked.Add(ref _time._running, value - Interlocked.Exchange(ref _isRunning, value));
            Interlocked.Add(ref _time._starts, value);
        }
    }
}
