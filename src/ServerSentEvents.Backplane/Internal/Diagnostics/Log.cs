using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Backplane.Internal.Diagnostics;

/// <summary>All messages in the log.</summary>
internal static partial class Log
{
    /// <summary>The end of each message about a loss.</summary>
    private const string AllEnd = " All subscriptions end; older event ids are gaps.";

    [LoggerMessage(1, LogLevel.Information, "Stream {Stream}: this node has caught up at offset {Offset}.")]
    internal static partial void CaughtUp(ILogger logger, string stream, long offset);

    [LoggerMessage(2, LogLevel.Warning, "Stream {Stream}: there is no connection for {Direction}: {Message}")]
    internal static partial void Disconnected(ILogger logger, Exception reason, string stream, string direction, string message);

    [LoggerMessage(3, LogLevel.Warning, "Stream {Stream}: there is still no connection for {Direction}: {Message}")]
    internal static partial void StillDisconnected(ILogger logger, string stream, string direction, string message);

    [LoggerMessage(4, LogLevel.Information, "Stream {Stream}: connected again for {Direction}.")]
    internal static partial void Reconnected(ILogger logger, string stream, string direction);

    [LoggerMessage(5, LogLevel.Warning, "Stream {Stream}: the broker blocks publishers: {Reason}")]
    internal static partial void Blocked(ILogger logger, string stream, string reason);

    [LoggerMessage(6, LogLevel.Information, "Stream {Stream}: the broker takes events again.")]
    internal static partial void Unblocked(ILogger logger, string stream);

    [LoggerMessage(7, LogLevel.Warning, "Stream {Stream}: this node does not know version {Version} of the message at offset {Offset}." + AllEnd)]
    internal static partial void UnknownVersion(ILogger logger, string stream, long offset, byte version);

    [LoggerMessage(8, LogLevel.Warning, "Stream {Stream}: the message at offset {Offset} is damaged." + AllEnd)]
    internal static partial void Damaged(ILogger logger, string stream, long offset);

    [LoggerMessage(
        9, LogLevel.Error, "Stream {Stream}: code of the application failed for the event at position {Position}. Other subscribers have the event.")]
    internal static partial void DeliveryFailed(ILogger logger, Exception reason, string stream, long position);

    [LoggerMessage(10, LogLevel.Warning, "Stream {Stream}: this is not the stream that was read up to offset {Offset}." + AllEnd)]
    internal static partial void Replaced(ILogger logger, string stream, long offset);

    [LoggerMessage(11, LogLevel.Warning, "Stream {Stream}: messages between offsets {Last} and {Offset} may be lost." + AllEnd)]
    internal static partial void Lost(ILogger logger, string stream, long last, long offset);

    [LoggerMessage(12, LogLevel.Warning, "Stream {Stream}: the application starts without the broker after {Timeout}, and keeps trying: {Reason}.")]
    internal static partial void StartsWithout(ILogger logger, string stream, TimeSpan timeout, string reason);

    [LoggerMessage(13, LogLevel.Error, "Stream {Stream}: code of the application failed when subscriptions ended.")]
    internal static partial void EndingFailed(ILogger logger, Exception reason, string stream);

    [LoggerMessage(14, LogLevel.Warning, "Stream {Stream}: a disconnect has no effect on this node, because the option SubscriberKey is not set.")]
    internal static partial void NoSubscriberKey(ILogger logger, string stream);

    [LoggerMessage(15, LogLevel.Warning, "{Count} more log entries of kind {Id} were left out within a minute.")]
    internal static partial void LeftOut(ILogger logger, int count, int id);

    [LoggerMessage(
        16, LogLevel.Error, "Stream {Stream}: the function SubscriberKey failed for a subscription, which a disconnect therefore has not ended.")]
    internal static partial void SubscriberKeyFailed(ILogger logger, Exception reason, string stream);

    [LoggerMessage(17, LogLevel.Error, "Stream {Stream}: the event at position {Position} was not delivered." + AllEnd)]
    internal static partial void NotDelivered(ILogger logger, Exception reason, string stream, long position);

    [LoggerMessage(
        18, LogLevel.Error, "Stream {Stream}: there was an exception after the loss of a connection for {Direction}. The next attempt follows.")]
    internal static partial void ReportFailed(ILogger logger, Exception reason, string stream, string direction);
}
