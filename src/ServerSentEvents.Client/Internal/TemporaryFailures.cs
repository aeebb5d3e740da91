using System.Net;

namespace ServerSentEvents.Client.Internal;

/// <summary>The rules that say which failures are temporary.</summary>
internal static class TemporaryFailures
{
    /// <summary>Returns whether a later attempt may succeed after a status. Outside 5xx: timeout, too early, too many requests.</summary>
    internal static bool IsTemporary(HttpStatusCode status) => (int)status is 408 or 425 or 429 or (>= 500 and not (501 or 505));

    /// <summary>Returns whether an exception of a request is temporary. If not, the reader gets the exception unchanged.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="isSent">True if the function had returned the request, so that the exception comes from the handlers.</param>
    internal static bool IsTemporary(Exception exception, bool isSent)
    {
#if NET
        // A request inside the function or a handler, such as one for a token, was refused permanently. A proxy that refuses to connect
        // is an outage of the network.
        if (exception is HttpRequestException { StatusCode: { } status, HttpRequestError: not HttpRequestError.ProxyTunnelError }
            && !IsTemporary(status))
            return false;
#endif
        // The handler of Android and old clients report a lost connection by this exception, whose base type is permanent below.
        if (exception is WebException { Status: not WebExceptionStatus.ProtocolError })
            return true;
        // Handlers have exceptions of their own for outages, such as those of resilience pipelines.
        return isSent
            ? exception is not (ArgumentException or InvalidOperationException or NotSupportedException)
            : exception is HttpRequestException or IOException or TimeoutException or OperationCanceledException;
    }
}
