using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The log messages of this package. Their category is <c>ServerSentEvents</c>.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "An event stream has begun.")]
    internal static partial void Opened(ILogger logger);

    [LoggerMessage(2, LogLevel.Debug, "An event stream has ended: {Reason}.")]
    internal static partial void Ended(ILogger logger, SubscriptionEndReason? reason);

    [LoggerMessage(3, LogLevel.Debug, "The client of an event stream has disconnected.")]
    internal static partial void ClientHasGone(ILogger logger, Exception? exception);

    [LoggerMessage(
        4, LogLevel.Information,
        "A client did not keep up, and its event stream has ended: its queue was full, or the history evicted an event that it had not read.")]
    internal static partial void Overflowed(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "A client did not keep up: its queue was full, and {Dropped} events were dropped.")]
    internal static partial void Dropped(ILogger logger, long dropped);

    [LoggerMessage(6, LogLevel.Information, "The application is stopping. Open event streams that end: {Streams}.")]
    internal static partial void Stopping(ILogger logger, int streams);

    [LoggerMessage(7, LogLevel.Information, "A response was aborted, because the client did not read the rest of its event stream in time.")]
    internal static partial void CutOff(ILogger logger);

    [LoggerMessage(8, LogLevel.Error, "A handler of Unsubscribed, the server, the clock or a log provider threw an exception while event streams ended.")]
    internal static partial void EndFailed(ILogger logger, Exception exception);

    [LoggerMessage(9, LogLevel.Error, "The initial data of an event stream could not be loaded, and the stream has ended. Its client will reconnect.")]
    internal static partial void LoadFailed(ILogger logger, Exception exception);

    [LoggerMessage(10, LogLevel.Debug, "An event stream ends: its authentication has expired, or it has reached its maximum age.")]
    internal static partial void LifetimeOver(ILogger logger);

    [LoggerMessage(
        11, LogLevel.Warning,
        "A LoadInitialData function has not returned within 5 seconds after the end of its event stream. The services of its request are disposed now.")]
    internal static partial void LoadContinues(ILogger logger);
}
