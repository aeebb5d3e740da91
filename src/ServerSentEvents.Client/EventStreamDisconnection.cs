using System.Net;

namespace ServerSentEvents.Client;

/// <summary>The end of one attempt of an <see cref="EventStreamClient"/>.</summary>
/// <remarks>
/// After <see cref="EventStreamClientOptions.ShouldReconnect"/>, only <see cref="Delay"/> changes. After
/// <see cref="EventStreamClientOptions.Disconnected"/>, nothing changes, and instances are safe to use from several threads.
/// </remarks>
public sealed class EventStreamDisconnection
{
    internal EventStreamDisconnection(EventStreamEndReason reason, string message, bool isTemporary)
    {
        Reason = reason;
        Message = message;
        IsTemporary = isTemporary;
    }

    /// <summary>Gets the cause of the end.</summary>
    public EventStreamEndReason Reason { get; }

    /// <summary>Gets the cause of the end as a sentence.</summary>
    public string Message { get; }

    /// <summary>
    /// Gets whether the client reconnects unless <see cref="EventStreamClientOptions.ShouldReconnect"/> decides otherwise.
    /// </summary>
    public bool IsTemporary { get; internal set; }

    /// <summary>Gets the status of a response that was not an event stream; null if there was no response, or if a stream had begun.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }

    /// <summary>Gets the exception that ended the attempt; null if there was none.</summary>
    public Exception? Exception { get; internal init; }

    /// <summary>Gets the number of attempts without progress in a row, including this one; 0 after an attempt with progress.</summary>
    public int FailedAttempts { get; internal set; }

    /// <summary>Gets the id from which the next attempt resumes; null if there is none.</summary>
    public string? LastEventId { get; internal set; }

    /// <summary>
    /// Gets the time before the next attempt. It is null if there will be none, and while
    /// <see cref="EventStreamClientOptions.ShouldReconnect"/> decides.
    /// </summary>
    public TimeSpan? Delay { get; internal set; }

    /// <summary>The shortest wait that the server asks for; null if it does not.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
