using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>All that the backplane logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Stream {Stream}: this node has caught up at offset {Offset}, in epoch {Epoch}.")]
    internal static partial void CaughtUp(ILogger logger, string stream, long offset, string epoch);

    [LoggerMessage(
        2, LogLevel.Warning,
        "Stream {Stream}: the connection for {Direction} is lost, or could not be made; trying again in {Delay}.")]
    internal static partial void Disconnected(ILogger logger, Exception reason, string stream, string direction, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Information, "Stream {Stream}: connected for {Direction} again.")]
    internal static partial void Reconnected(ILogger logger, string stream, string direction);

    [LoggerMessage(4, LogLevel.Warning, "Stream {Stream}: the broker blocks publishers: {Reason}.")]
    internal static partial void Blocked(ILogger logger, string stream, string reason);

    [LoggerMessage(5, LogLevel.Information, "Stream {Stream}: the broker takes events again.")]
    internal static partial void Unblocked(ILogger logger, string stream);

    [LoggerMessage(
        6, LogLevel.Warning,
        "Stream {Stream}: the message at {Offset} has version {Version}, which this node does not know; it is skipped.")]
    internal static partial void UnknownVersion(ILogger logger, string stream, long offset, byte version);

    [LoggerMessage(7, LogLevel.Warning, "Stream {Stream}: the message at {Offset} is damaged; it is skipped.")]
    internal static partial void Damaged(ILogger logger, string stream, long offset);

    [LoggerMessage(
        8, LogLevel.Error,
        "Stream {Stream}: the event at position {Position} failed for some subscribers of this node; the others have it.")]
    internal static partial void DeliveryFailed(ILogger logger, Exception reason, string stream, long position);

    [LoggerMessage(
        9, LogLevel.Warning,
        "Stream {Stream}: this is not the stream that this node was reading at offset {Offset}; its clients begin anew.")]
    internal static partial void AnotherStream(ILogger logger, string stream, long offset);

    [LoggerMessage(
        10, LogLevel.Warning,
        "Stream {Stream}: what came between the offsets {Last} and {Offset} is no longer kept; this node's clients begin anew.")]
    internal static partial void Truncated(ILogger logger, string stream, long last, long offset);

    [LoggerMessage(
        11, LogLevel.Warning,
        "Stream {Stream}: not caught up after {Timeout}; the application starts all the same, and goes on trying.")]
    internal static partial void StartsWithout(ILogger logger, string stream, TimeSpan timeout);

    [LoggerMessage(
        12, LogLevel.Error,
        "Stream {Stream}: this node's subscriptions were ended, so that their clients begin anew, and a handler of that failed.")]
    internal static partial void EndingFailed(ILogger logger, Exception reason, string stream);
}
