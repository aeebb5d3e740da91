using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Events;

/// <summary>Makes the frame of one subscriber by a function of the application. Returns null for none.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <param name="properties">The properties of the subscriber.</param>
/// <param name="last">The last frame of this event, for reuse; the default value before the first subscriber.</param>
internal delegate Frame? FrameMaker<in TProperties>(TProperties properties, ref LastFrame last);

/// <summary>
/// The last item of a personalized event, with its frame. A function that only filters returns the same item for many subscribers:
/// they share its frame, as if the event were not personalized. Share a frame only while no reader has it: its position is set later.
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
