namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The time in the units of the message format.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Since 1970, in UTC.</summary>
    internal static long GetMicroseconds(this TimeProvider time) =>
        (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
