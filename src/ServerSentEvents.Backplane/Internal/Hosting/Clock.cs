namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>Times in the units of the message format and of timestamps.</summary>
internal static class Clock
{
    /// <summary>Returns the microseconds since 1970 (UTC).</summary>
    internal static long GetMicroseconds(this TimeProvider time) =>
        (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Converts a duration to the unit of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal static long ToTimestampTicks(this TimeProvider time, TimeSpan duration) =>
        (long)(duration.TotalSeconds * time.TimestampFrequency);
}
