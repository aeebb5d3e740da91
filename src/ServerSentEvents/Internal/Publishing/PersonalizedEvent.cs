using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>An event that is made for each subscriber of its own: the function, and what it has made of whom.</summary>
internal sealed class PersonalizedEvent<TProperties>(
    Func<TProperties, Frame?> make, List<Subscription<TProperties>> subscriptions, long joined)
{
    /// <summary>The id that the application gave to all: only such a one can be resumed from.</summary>
    private string? _commonId;

    private Epoch? _epoch;
    private long _position;

    /// <summary>How many had joined the publisher when the subscribers were listed.</summary>
    internal long Joined { get; } = joined;

    /// <summary>The subscribers who were listed, and what was made for them; null for nothing.</summary>
    internal List<(Subscription<TProperties> Subscription, Frame? Frame)> Frames { get; } = new(subscriptions.Count);

    /// <summary>Calls the function for each, outside every lock.</summary>
    internal void MakeAll(ref Failures failures)
    {
        foreach (var subscription in subscriptions)
        {
            Frame? frame = null;
            try
            {
                frame = make(subscription.Properties);
            }
            catch (Exception exception)
            {
                failures.Add(exception);
            }

            Frames.Add((subscription, frame));
        }
    }

    /// <summary>Finds out what a history has to know of it, outside every lock too: it looks at all that was made.</summary>
    /// <param name="otherwise">The id that it has where none was given to all, as where nobody is there.</param>
    internal void FindCommonId(string? otherwise)
    {
        var ids = Frames.Where(made => made.Frame is not null).Select(made => made.Frame!.OwnId).Distinct(StringComparer.Ordinal);
        _commonId = ids.Take(2).ToList() is [{ } only] ? only : otherwise;
    }

    internal HistoryEntry<TProperties> ToHistoryEntry() => new(make, _commonId);

    /// <summary>Gives everything that is made of it one place in the order of events. Needs the registry's lock.</summary>
    internal void PlaceAt(Epoch epoch, long position)
    {
        _epoch = epoch;
        _position = position;
        foreach (var (_, frame) in Frames)
            frame?.PlaceAt(epoch, position);
    }

    internal DeferredFrame ForLatecomer(TProperties properties) => new(() =>
    {
        var frame = make(properties);
        if (_epoch is not null)
            frame?.PlaceAt(_epoch, _position);
        return frame;
    });
}
