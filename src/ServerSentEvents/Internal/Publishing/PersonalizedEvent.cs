using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>An event that is made for each subscriber: the application's function, and its results.</summary>
/// <param name="make">Makes a subscriber's frame from its properties.</param>
/// <param name="subscribers">The subscribers of the channels.</param>
/// <param name="joins">The number of times that subscribers had joined channels when the list was made.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
internal sealed class PersonalizedEvent<TProperties>(
    FrameMaker<TProperties> make, List<Subscriber<TProperties>> subscribers, long joins)
{
    private EventIds? _ids;
    private EventPosition? _position;

    internal long Joins { get; } = joins;

    /// <summary>The listed subscribers with their frames. A frame is null if the subscriber gets nothing.</summary>
    internal List<(Subscriber<TProperties> Subscriber, Frame? Frame, EventKey Key)> Frames { get; } = new(subscribers.Count);

    /// <summary>The start of the measured deliveries; 0 if they are not measured.</summary>
    internal long DeliveryStart { get; set; }

    /// <summary>The entry for the history. It is set by <see cref="MakeAll"/>.</summary>
    internal HistoryEntry<TProperties>? HistoryEntry { get; private set; }

    /// <summary>The own ids of the frames if they differ, else empty. Different ids identify no position.</summary>
    internal IReadOnlyList<string?> DifferentIds { get; private set; } = [];

    /// <summary>Calls the function for each listed subscriber. Call outside every lock, on the publishing thread.</summary>
    /// <param name="ownId">The id of the event if its frames have no common id.</param>
    /// <param name="bytes">The bytes of the event of a backplane that the function holds; 0 for none.</param>
    /// <param name="failures">Collects what the function throws.</param>
    internal void MakeAll(string? ownId, int bytes, ref Failures failures)
    {
        LastFrame last = default;
        foreach (var subscriber in subscribers)
        {
            var frame = Make(subscriber, ref last, ref failures);
            EventKey key = default;
            if (frame is not null && subscriber.KeyFunction is { } keyFunction)
                key = EventKey.Make(keyFunction, frame, ref failures);
            Frames.Add((subscriber, frame, key));
        }

        var ids = Frames.Where(made => made.Frame is not null).Select(made => made.Frame!.OwnId).Distinct(StringComparer.Ordinal).ToList();
        HistoryEntry = new HistoryEntry<TProperties>(make, ids is [{ } common] ? common : ownId, hasFrames: ids.Count > 0, bytes);
        if (ids.Count > 1)
            DifferentIds = ids;
    }

    /// <summary>Calls the function for a subscriber that joined later, and gives its frame the position of the event.</summary>
    internal Frame? MakeLate(Subscriber<TProperties> subscriber, ref Failures failures)
    {
        // Readers may have the other frames already.
        LastFrame none = default;
        var frame = Make(subscriber, ref none, ref failures);
        Place(frame);
        return frame;
    }

    /// <summary>Gives all frames one position, or none. Needs the registry's lock.</summary>
    internal void PlaceAt(EventIds ids, EventPosition? position)
    {
        _ids = ids;
        _position = position;
        foreach (var (_, frame, _) in Frames)
            Place(frame);
    }

    private void Place(Frame? frame)
    {
        if (_ids is null)
            return;
        if (_position is { } position)
            frame?.PlaceAt(_ids, position);
        else
            frame?.RemoveId();
    }

    private Frame? Make(Subscriber<TProperties> subscriber, ref LastFrame last, ref Failures failures)
    {
        try
        {
            var frame = make(subscriber.Properties, ref last);
            frame?.DeliveryStart = DeliveryStart;
            return frame;
        }
        catch (Exception exception)
        {
            failures.Add(exception);
            return null;
        }
    }
}
