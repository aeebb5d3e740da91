namespace ServerSentEvents.Internal.Compatibility;

/// <summary>What the clock is asked for.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>A duration in the unit of <see cref="TimeProvider.GetTimestamp"/>, so that ages are compared without arithmetic.</summary>
    internal static long ToTimestampTicks(this TimeProvider time, TimeSpan duration) =>
        (long)Math.Min(duration.TotalSeconds * time.TimestampFrequency, long.MaxValue / 2);

    /// <summary>
    /// A timer that is nobody's: whoever happens to make it may be a request, whose context would be kept for as long as the timer.
    /// </summary>
    internal static ITimer CreateDetachedTimer(this TimeProvider time, TimerCallback callback, object state, TimeSpan dueTime, TimeSpan period)
    {
        if (ExecutionContext.IsFlowSuppressed())
            return time.CreateTimer(callback, state, dueTime, period);
        using (ExecutionContext.SuppressFlow())
            return time.CreateTimer(callback, state, dueTime, period);
    }
}
