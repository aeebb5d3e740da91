using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The state of a queue that sends gap events or conflates: the hole that dropped events have left, and the place of each key.
/// A plain queue has no tracker, and does not pay for one.
/// </summary>
/// <param name="gapFrame">The event that shows a hole to the client; null for none.</param>
/// <param name="keyFunction">The application's function that makes the key of an event; null for no conflation.</param>
/// <remarks>
/// A lock on the tracker makes each step of the writer and of the reader one step, so that a gap event has its exact place.
/// The lock is held for a few instructions.
/// </remarks>
internal sealed class QueueTracker(Frame? gapFrame, Func<SseItem<string>, string?>? keyFunction)
{
    /// <summary>The places that can be replaced; null without conflation. Guarded by a lock on this.</summary>
    private readonly Dictionary<string, ConflatedFrame>? _places = keyFunction is null ? null : new(StringComparer.Ordinal);

    internal Frame? GapFrame { get; } = gapFrame;

    internal Func<SseItem<string>, string?>? KeyFunction { get; } = keyFunction;

    /// <summary>True if the first event of the buffer comes after a hole. Guarded by a lock on this.</summary>
    internal bool HasHole { get; set; }

    /// <summary>True if the frame that was taken last is a gap event, whose bytes do not count. Used by the reader alone.</summary>
    internal bool HasReadGap { get; set; }

    /// <summary>The last place of the queue if it is a gap event; else null. Guarded by the registry's lock.</summary>
    internal GapMark? LastMark { get; set; }

    /// <summary>Returns the place that an event of a key replaces; null if there is none. Needs a lock on this.</summary>
    internal ConflatedFrame? FindPlace(string key) => _places!.TryGetValue(key, out var place) ? place : null;

    /// <summary>
    /// Lets no later event of a key replace a queued one. An unknown key stands for every key. Needs a lock on this.
    /// </summary>
    internal void ForgetPlaces(EventKey key)
    {
        if (!key.IsKnown)
            _places?.Clear();
        else if (key.Value is not null)
            _places!.Remove(key.Value);
    }

    /// <summary>Makes a queued place replaceable. Needs a lock on this.</summary>
    internal void Add(ConflatedFrame place) => _places![place.Key] = place;

    /// <summary>Counts a place as taken or dropped. Needs a lock on this.</summary>
    internal void Remove(ConflatedFrame place)
    {
        place.IsGone = true;
        if (_places!.TryGetValue(place.Key, out var current) && ReferenceEquals(current, place))
            _places.Remove(place.Key);
    }

    /// <summary>Takes the gap event of a hole. Needs a lock on this.</summary>
    internal bool TryTakeHole([NotNullWhen(true)] out Frame? frame)
    {
        frame = HasHole ? GapFrame : null;
        HasHole = false;
        return frame is not null;
    }

    /// <summary>
    /// Notes that the reader has taken an item. Returns its frame, or the item itself if its frame is deferred. Needs a lock on
    /// this.
    /// </summary>
    internal object Take(object item)
    {
        switch (item)
        {
            case ConflatedFrame place:
                Remove(place);
                return place.Frame;
            case GapMark mark:
                mark.IsTaken = true;
                return mark.Frame;
            default:
                return item;
        }
    }
}
