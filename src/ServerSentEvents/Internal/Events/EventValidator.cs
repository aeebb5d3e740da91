using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// The gate that every event passes before it is sent: what could forge a field or an event is refused here, whoever
/// made the <see cref="SseItem{T}"/> and whatever its own constructor let through.
/// </summary>
internal static class EventValidator
{
    private static readonly char[] LineEnds = ['\r', '\n'];
    private static readonly char[] LineEndsAndNul = ['\r', '\n', '\0'];

    /// <exception cref="ArgumentException">The item has no data, or a field of it could forge another.</exception>
    internal static void ThrowIfUnfit(in SseItem<string> item, string paramName)
    {
        if (item.Data is null)
            throw new ArgumentNullException(paramName, "An event needs data, which may be empty.");
        if (item.EventType.IndexOfAny(LineEnds) >= 0)
            throw new ArgumentException("An event type cannot hold CR or LF.", paramName);
        // A client ignores an id that has a NUL in it, and with that its place in the stream.
        if (item.EventId?.IndexOfAny(LineEndsAndNul) >= 0)
            throw new ArgumentException("An event id cannot hold CR, LF or NUL.", paramName);
        if (item.ReconnectionInterval < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(paramName, item.ReconnectionInterval, "A reconnection interval cannot be negative.");
    }
}
