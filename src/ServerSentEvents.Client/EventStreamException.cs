using System.Net;

namespace ServerSentEvents.Client;

/// <summary>The failure of an event stream that the client does not repair by another attempt.</summary>
public sealed class EventStreamException : Exception
{
    /// <summary>Initializes an exception with a general message.</summary>
    public EventStreamException()
        : base("The event stream has failed.")
    {
    }

    /// <summary>Initializes an exception with a message.</summary>
    /// <param name="message">The message.</param>
    public EventStreamException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes an exception with a message and a cause.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null if there is none.</param>
    public EventStreamException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Gets the cause; null if an event did not fit the type of its data.</summary>
    public EventStreamEndReason? Reason { get; internal init; }

    /// <summary>Gets the status of a response that was not an event stream; null if there was no response, or if a stream had begun.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }

    /// <summary>
    /// Gets the id from which a later read can resume; null if there is none. If a header cannot carry the id of the last
    /// event, this is an older id, and events repeat. If data does not fit its type, this is the id of that event, even if
    /// a header cannot carry it.
    /// </summary>
    public string? LastEventId { get; internal init; }
}
