namespace ServerSentEvents.Backplane.Tests;

/// <summary>A clock that calls a test when it is read.</summary>
internal sealed class CallbackTime(TimeProvider time) : TimeProvider
{
    internal Action? Read { get; set; }

    /// <summary>Called with the period of each timer before the timer is created.</summary>
    internal Action<TimeSpan>? TimerCreated { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        Read?.Invoke();
        return time.GetUtcNow();
    }

    public override long GetTimestamp()
    {
        Read?.Invoke();
        return time.GetTimestamp();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        TimerCreated?.Invoke(period);
        return time.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>Throws an exception, by default an <see cref="InvalidOperationException"/>, when it is read for the next time.</summary>
    internal void ThrowOnce(Type? exception = null) => Read = () =>
    {
        Read = null;
        throw (Exception)Activator.CreateInstance(exception ?? typeof(InvalidOperationException), "of a clock")!;
    };

    /// <summary>Returns whether another thread can make a call now: nothing holds a lock that the call needs.</summary>
    internal static bool IsFree(Action call) =>
        // All threads of the pool can be busy.
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Wait(Limits.Patience);
}
