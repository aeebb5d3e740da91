namespace ServerSentEvents.Backplane.Tests;

/// <summary>A clock that calls a test when it is read.</summary>
internal sealed class CallbackTime(TimeProvider time) : TimeProvider
{
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(5);

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
    internal static bool IsFree(Action call) => Task.Run(call).Wait(LongestCall);
}
