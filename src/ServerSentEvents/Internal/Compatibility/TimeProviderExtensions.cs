namespace ServerSentEvents.Internal.Compatibility;

/// <summary>Conversion of durations, and creation of timers.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>
    /// Converts a duration to the unit of <see cref="TimeProvider.GetTimestamp"/>. The result is bounded, so that the sum with a timestamp
    /// does not overflow.
    /// </summary>
    internal static long ToTimestampTicks(this TimeProvider time, TimeSpan duration) =>
        (long)Math.Min(duration.TotalSeconds * time.TimestampFrequency, long.MaxValue / 2);

    /// <summary>
    /// Creates a timer without capturing the ExecutionContext, which may belong to a request and would live as long as the timer.
    /// </summary>
    internal static ITimer CreateDetachedTimer(
        this TimeProvider time, TimerCallback callback, object state, TimeSpan dueTime, TimeSpan period)
    {
        if (ExecutionContext.IsFlowSuppressed())
            return time.CreateTimer(callback, state, dueTime, period);
        using (ExecutionContext.SuppressFlow())
            return time.CreateTimer(callback, state, dueTime, period);
    }
}
