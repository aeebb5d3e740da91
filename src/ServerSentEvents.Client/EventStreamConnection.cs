namespace ServerSentEvents.Client;

/// <summary>An event stream that an <see cref="EventStreamClient"/> has opened.</summary>
/// <remarks>Instances do not change, and are safe to use from several threads.</remarks>
public sealed class EventStreamConnection
{
    internal EventStreamConnection(Uri? uri, string? lastEventId, int failedAttempts)
    {
        Uri = uri;
        LastEventId = lastEventId;
        FailedAttempts = failedAttempts;
    }

    /// <summary>Gets the address of the stream, after redirects; null if the handler of the client does not name it.</summary>
    public Uri? Uri { get; }

    /// <summary>
    /// Gets the last event id that the client has added to the request; null if there was none. It is also null if only the
    /// application has put a <c>Last-Event-ID</c> into its request.
    /// </summary>
    public string? LastEventId { get; }

    /// <summary>Gets the number of attempts without progress before this one.</summary>
    public int FailedAttempts { get; }
}
