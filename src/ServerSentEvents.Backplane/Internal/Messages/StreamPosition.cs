namespace ServerSentEvents.Backplane.Internal.Messages;

/// <summary>
/// The position of an event in the stream: the offset of its message plus 1, followed by its place in the message in three
/// digits. So a position before the first message is not negative.
/// </summary>
internal static class StreamPosition
{
    /// <summary>The largest number of items in a message.</summary>
    internal const int MaxItems = 1_000;

    internal static long Of(long offset, int place) => ((offset + 1) * MaxItems) + place;

    internal static long OffsetOf(long position) => (position / MaxItems) - 1;

    /// <summary>Returns the last position that can be before a message.</summary>
    internal static long Before(long offset) => Of(offset, 0) - 1;

    /// <summary>Returns the last position that can be in a message.</summary>
    internal static long EndOf(long offset) => Of(offset, MaxItems - 1);
}
