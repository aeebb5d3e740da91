namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Where in the stream to begin to read; one of these and no other.</summary>
/// <param name="Offset">With the message at this offset, or the first after it.</param>
/// <param name="Since">With what was written since this time, or some before it.</param>
/// <param name="IsLast">With the last messages that there are, one or more.</param>
internal readonly record struct StreamStart(long? Offset, DateTimeOffset? Since, bool IsLast)
{
    /// <summary>With the oldest message that there is.</summary>
    internal static StreamStart First => default;

    internal static StreamStart Last => new(null, null, IsLast: true);

    internal static StreamStart At(long offset) => new(offset, null, IsLast: false);

    internal static StreamStart At(DateTimeOffset time) => new(null, time, IsLast: false);
}
