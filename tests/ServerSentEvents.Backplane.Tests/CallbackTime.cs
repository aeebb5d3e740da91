namespace ServerSentEvents.Backplane.Tests;

/// <summary>A clock that calls a test when it is read.</summary>
internal sealed class CallbackTime(TimeProvider time) : TimeProvider
{
    internal Action? Read { get; set; }

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

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);

    /// <summary>Throws when it is read for the next time.</summary>
    internal void ThrowOnce() => Read = () =>
    {
        Read = null;
        throw new InvalidOperationException("of a clock");
    };

    /// <summary>Returns whether another thread can make a call now: nothing holds a lock that the call needs.</summary>
    internal static bool IsFree(Action call) =>
        // All threads of the pool can be busy.
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Wait(Limits.Patience);
}
