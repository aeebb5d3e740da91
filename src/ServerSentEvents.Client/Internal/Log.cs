using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Client.Internal;

/// <summary>The log messages of this package. Their category is <c>ServerSentEvents.Client</c>.</summary>
internal static partial class Log
{
    internal static void Connected(ILogger logger, Uri? uri, string? lastEventId)
    {
        if (!logger.IsEnabled(LogLevel.Debug))
            return;
        // The query and the user information may contain secrets.
        var address = uri?.IsAbsoluteUri == true
            ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : "(unknown)";
        Connected(logger, address, lastEventId ?? "(none)");
    }

    [LoggerMessage(1, LogLevel.Debug, "Connected to the event stream {Address}. Last event id: {LastEventId}.")]
    private static partial void Connected(ILogger logger, string address, string lastEventId);

    [LoggerMessage(2, LogLevel.Information, "{Reason} Attempts without progress: {FailedAttempts}. Next attempt in {Delay}.")]
    internal static partial void Reconnecting(
        ILogger logger, string reason, TimeSpan delay, int failedAttempts, Exception? exception);

    [LoggerMessage(3, LogLevel.Information, "{Reason} The client does not reconnect.")]
    internal static partial void Ended(ILogger logger, string reason);

    internal static void IdNotSent(ILogger logger, string? lastEventId)
    {
        if (lastEventId is null)
            NoIdSent(logger);
        else
            OlderIdSent(logger, lastEventId);
    }

    [LoggerMessage(
        4,
        LogLevel.Warning,
        "The server's last event id cannot be sent in a header. The client resumes from {LastEventId}, and may get events twice.")]
    private static partial void OlderIdSent(ILogger logger, string lastEventId);

    [LoggerMessage(
        5,
        LogLevel.Warning,
        "The server's last event id cannot be sent in a header. The client resumes without an id, and may miss events.")]
    private static partial void NoIdSent(ILogger logger);
}
