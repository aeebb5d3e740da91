using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// The last item of a personalized event, with its frame. A function that only filters returns the same item for many subscribers:
/// they share its frame, as if the event were not personalized. Use one for frames that no reader has yet.
/// </summary>
internal struct LastFrame
{
    private SseItem<string> _item;
    private Frame? _frame;

    /// <summary>Returns the frame of an item.</summary>
    /// <exception cref="ArgumentException">The item is not valid, or larger than <paramref name="maxBytes"/>.</exception>
    internal Frame Of(in SseItem<string> item, int maxBytes, string paramName)
    {
        if (_frame is not null && IsLast(item))
            return _frame;
        _frame = Frame.ForItem(item, maxBytes, paramName);
        _item = item;
        return _frame;
    }

    /// <summary>Returns whether an item is the last one. Data can be long, so it is compared by reference.</summary>
    private readonly bool IsLast(in SseItem<string> item) =>
        ReferenceEquals(item.Data, _item.Data)
        && string.Equals(item.EventType, _item.EventType, StringComparison.Ordinal)
        && string.Equals(item.EventId, _item.EventId, StringComparison.Ordinal)
        && item.ReconnectionInterval == _item.ReconnectionInterval;
}
