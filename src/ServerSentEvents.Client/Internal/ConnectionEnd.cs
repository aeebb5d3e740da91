using System.Net;
using System.Runtime.ExceptionServices;

namespace ServerSentEvents.Client.Internal;

/// <summary>The end of one attempt, before the client has decided what follows.</summary>
internal sealed record ConnectionEnd(EventStreamEndReason Reason, string Message)
{
    /// <summary>The statuses outside 5xx that later attempts may not meet again: timeout, too early, too many requests.</summary>
    private static readonly int[] TemporaryStatuses = [408, 425, 429];

    internal HttpStatusCode? StatusCode { get; init; }

    internal Exception? Exception { get; init; }

    /// <summary>The shortest wait that the server asks for; null if it does not.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the exception comes from the application or its handlers, and is thrown unchanged.</summary>
    internal bool IsForeign { get; init; }

    internal bool IsTemporary => Reason switch
    {
        EventStreamEndReason.EndOfStream or EventStreamEndReason.Stalled => true,
        EventStreamEndReason.ConnectionFailed => !IsForeign,
        EventStreamEndReason.UnexpectedStatus => IsTemporaryStatus((int)StatusCode!),
        _ => false,
    };

    /// <summary>Returns the end of an attempt whose request threw an exception.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="isSent">Whether the function had returned the request, so that the exception comes from the handlers.</param>
    internal static ConnectionEnd OfRequest(Exception exception, bool isSent) =>
        new(EventStreamEndReason.ConnectionFailed, $"The request has failed: {exception.Message}")
        {
            Exception = exception,
            // Handlers have exceptions of their own for outages, such as those of resilience pipelines.
            IsForeign = HasPermanentStatus(exception) || (isSent
                ? exception is ArgumentException or InvalidOperationException or NotSupportedException
                : exception is not (HttpRequestException or IOException or TimeoutException or OperationCanceledException)),
        };

    /// <summary>Returns the end of an attempt with a response that is no event stream.</summary>
    internal static ConnectionEnd OfResponse(EventStreamEndReason reason, string message, HttpResponseMessage response, DateTimeOffset now) =>
        new(reason, message)
        {
            StatusCode = response.StatusCode,
            RetryAfter = response.Headers.RetryAfter is { } retry ? retry.Delta ?? retry.Date - now : null,
        };

    /// <summary>Throws the exception for an end after which the client does not reconnect.</summary>
    internal void Throw(string lastEventId)
    {
        if (IsForeign)
            ExceptionDispatchInfo.Capture(Exception!).Throw();
        throw new EventStreamException(Message, Exception)
        {
            Reason = Reason,
            StatusCode = StatusCode,
            LastEventId = lastEventId.Length == 0 ? null : lastEventId,
        };
    }

    /// <summary>Returns whether a request inside the function or a handler, such as one for a token, was refused for good.</summary>
    private static bool HasPermanentStatus(Exception exception) =>
#if NET
        exception is HttpRequestException { StatusCode: { } status } && !IsTemporaryStatus((int)status);
#else
        false;
#endif

    private static bool IsTemporaryStatus(int status) =>
        TemporaryStatuses.Contains(status) || status is >= 500 and not (501 or 505);
}
