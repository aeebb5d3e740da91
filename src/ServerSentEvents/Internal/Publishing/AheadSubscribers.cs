using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// Subscribers whose last event id is ahead of this node of a backplane: their clients came from a node that has read more.
/// The publisher sends them nothing up to the position of that id.
/// </summary>
/// <remarks>
/// Guarded by the registry's lock. These subscribers have no unit limit. A publish looks at this list only for subscribers without one,
/// so the others cost nothing.
/// </remarks>
internal sealed class AheadSubscribers<TProperties>
{
    private readonly Dictionary<Subscriber<TProperties>, (EventPosition Position, long Since)> _subscribers = [];

    /// <summary>A lower bound of all positions; the largest number if there is none. Most messages are below it, and need no search.</summary>
    private long _lowest = long.MaxValue;

    internal int Count => _subscribers.Count;

    /// <summary>
    /// The timestamp from which waits are measured: the time when the node caught up with its stream. <see cref="long.MaxValue"/> while
    /// it has not caught up, because every position can still come.
    /// </summary>
    internal long WaitsSince { get; set; } = long.MinValue;

    internal void Add(Subscriber<TProperties> subscriber, EventPosition position, long now)
    {
        _subscribers.Add(subscriber, (position, now));
        _lowest = Math.Min(_lowest, position.Value);
    }

    /// <summary>Returns false if all positions are above a value.</summary>
    internal bool MayReach(long value) => value >= _lowest;

    internal bool Contains(Subscriber<TProperties> subscriber) => Count > 0 && _subscribers.ContainsKey(subscriber);

    internal void Remove(Subscriber<TProperties> subscriber)
    {
        if (_subscribers.Count > 0)
            _subscribers.Remove(subscriber);
    }

    /// <summary>
    /// Returns true if the subscriber's client already has the event at a position. Removes the subscriber from this list when the
    /// event at its own position, or a later one, comes.
    /// </summary>
    internal bool TrySkipEvent(Subscriber<TProperties> subscriber, EventPosition position)
    {
        if (Count == 0 || !_subscribers.TryGetValue(subscriber, out var ahead))
            return false;
        if (position.Value >= ahead.Position.Value)
            _subscribers.Remove(subscriber);
        return position.Value <= ahead.Position.Value;
    }

    /// <summary>Removes the subscribers whose position is at most a value, because the node has reached it.</summary>
    internal void RemoveReached(long value)
    {
        if (!MayReach(value))
            return;
        foreach (var subscriber in _subscribers.Where(ahead => ahead.Value.Position.Value <= value).Select(ahead => ahead.Key).ToList())
            _subscribers.Remove(subscriber);
        _lowest = _subscribers.Values.Select(ahead => ahead.Position.Value).DefaultIfEmpty(long.MaxValue).Min();
    }

    /// <summary>Returns the subscribers whose position is at most a value, but never was in the history.</summary>
    internal List<Subscriber<TProperties>> FindUnknown(EventIds ids, long value) =>
        [.. _subscribers.Where(ahead => ahead.Value.Position.Value <= value && !ids.IsKnownOrAhead(ahead.Value.Position)).Select(ahead => ahead.Key)];

    /// <summary>Returns the subscribers that have waited since a time and whose position this node has not reached.</summary>
    internal List<(Subscriber<TProperties> Subscriber, EventPosition Position)> FindOlderThan(long time) =>
        [.. _subscribers.Where(ahead => Math.Max(ahead.Value.Since, WaitsSince) <= time).Select(ahead => (ahead.Key, ahead.Value.Position))];
}
