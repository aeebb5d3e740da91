namespace ServerSentEvents.Client;

/// <summary>The cause of the end of an attempt to read an event stream.</summary>
public enum EventStreamEndReason
{
    /// <summary>The server has ended the stream normally. This is temporary: the client reconnects.</summary>
    EndOfStream,

    /// <summary>
    /// There was no connection, no response, or the stream broke off. This is temporary, unless the function for the request or a
    /// handler threw an exception that is not.
    /// </summary>
    ConnectionFailed,

    /// <summary>Nothing was received for <see cref="EventStreamClientOptions.StallTimeout"/>. This is temporary.</summary>
    Stalled,

    /// <summary>The status was neither 200 nor 204. The statuses 408, 425, 429 and 5xx (other than 501 and 505) are temporary.</summary>
    UnexpectedStatus,

    /// <summary>The content type of the response was not <c>text/event-stream</c>. This is permanent.</summary>
    UnexpectedContentType,

    /// <summary>An event was larger than <see cref="EventStreamClientOptions.MaxEventBytes"/>. This is permanent.</summary>
    EventTooLarge,

    /// <summary>The server has answered 204: it asks the client to stop. The enumeration ends without an exception.</summary>
    NoContent,
}
