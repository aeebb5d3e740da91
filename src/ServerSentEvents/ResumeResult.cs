namespace ServerSentEvents;

/// <summary>What became of <see cref="SubscribeOptions{TProperties}.LastEventId"/>.</summary>
public enum ResumeResult
{
    /// <summary>No id was given, or an empty one: a new client. It gets the initial data.</summary>
    NotRequested,

    /// <summary>The client gets exactly the events of its channels that it missed, in place of the initial data, and then the live ones.</summary>
    Resumed,

    /// <summary>
    /// What the client missed is not known: no history is kept, or the id is unknown, too old, malformed, or from before a
    /// restart. It gets the initial data, and should be told that something may be missing.
    /// </summary>
    Gap,
}
