namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Where an event stands among all of the stream: the offset of its message, and behind that, in three digits, its place in
/// it. So positions rise as the stream does, and whoever looks at an id sees the offset.
/// </summary>
internal static class EventPosition
{
    internal const int EventsInMessage = 1000;

    internal static long Of(long offset, int place) => (offset * EventsInMessage) + place;

    /// <summary>
    /// The last position that there can be before a message. How many events the one before it had is not known: whoever has
    /// had the last of them, and nothing since, is below this all the same, and has a gap where this is where a node begins.
    /// </summary>
    internal static long Before(long offset) => Of(offset, 0) - 1;
}
