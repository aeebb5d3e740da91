namespace ServerSentEvents;

/// <summary>Results of a subscriber's attempt to resume with a <see cref="SubscribeOptions{TProperties}.LastEventId"/>.</summary>
/// <remarks>
/// A resume covers the channels that the subscriber names now, since the event with that id. Which channels the client
/// was subscribed to before does not matter: name only channels whose history the user may see.
/// </remarks>
public enum ResumeResult
{
    /// <summary>
    /// No id was given, or an empty one: the subscriber is a new client and gets the initial data. A subscription that is
    /// refused, or begins after <see cref="Publisher{TProperties}.Drain"/>, also has this result, and gets no initial data.
    /// </summary>
    NotRequested,

    /// <summary>
    /// The subscriber gets exactly the events of its channels that it missed, in order, then the live events. It does not
    /// get the initial data.
    /// </summary>
    Resumed,

    /// <summary>
    /// The subscriber may have missed events that cannot be replayed. It gets the initial data, then the live events.
    /// </summary>
    /// <remarks>
    /// <para>The reasons: no history is kept; the id is unknown, malformed, forged, or from before a restart; events
    /// after it were already evicted; or two events of the subscriber's channels have this id.</para>
    /// <para>The result is also a gap if a personalized function throws for a missed event. The other missed events are
    /// still replayed. If the missed personalized events take more bytes than the queue's
    /// <see cref="PublisherOptions.QueueCapacityBytes"/>, no event is replayed, and the result is a gap.</para>
    /// </remarks>
    Gap,
}
