using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// The checks of events. They refuse an item that could forge a field or another event, and an id that a client could not send
/// back.
/// </summary>
internal static class EventValidator
{
    /// <summary>The largest length of an id. Servers can refuse a longer header, after which a browser never reconnects.</summary>
    internal const int MaxIdLength = 1_000;

    private static readonly char[] LineEnds = ['\r', '\n'];

    /// <exception cref="ArgumentException">The item has no data, or one of its fields is not valid.</exception>
    internal static void ThrowIfInvalid(in SseItem<string> item, string paramName)
    {
        if (item.Data is null)
            throw new ArgumentNullException(paramName, "An event needs data, which can be empty.");
        ThrowIfInvalidType(item.EventType, paramName);
        ThrowIfInvalidId(item.EventId, paramName);
        if (item.ReconnectionInterval < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                paramName, item.ReconnectionInterval, "A reconnection interval cannot be negative.");
        }
    }

    /// <exception cref="ArgumentException">The type is not valid.</exception>
    internal static void ThrowIfInvalidType(string? eventType, string paramName)
    {
        if (eventType?.IndexOfAny(LineEnds) >= 0)
            throw new ArgumentException("An event type cannot contain CR or LF.", paramName);
    }

    /// <exception cref="ArgumentException">The id is not valid.</exception>
    internal static void ThrowIfInvalidId(string? eventId, string paramName)
    {
        if (eventId is not null && !CanBeSentBack(eventId))
        {
            throw new ArgumentException(
                "An event id can contain visible ASCII characters, with spaces only between them, 1,000 at most: "
                + "clients send it back in a header.",
                paramName);
        }
    }

    /// <summary>Returns whether the value of a header can hold this id. The empty id clears the client's position.</summary>
    internal static bool CanBeSentBack(string id)
    {
        if (id.Length == 0)
            return true;
        if (id.Length > MaxIdLength || id[0] == ' ' || id[id.Length - 1] == ' ')
            return false;
        foreach (var character in id)
        {
            if (character is < ' ' or > '~')
                return false;
        }

        return true;
    }
}
