using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.History;

/// <summary>A place in the history of a channel, and the position of its last event to replay.</summary>
internal struct HistoryCursor<TProperties>(HistorySegment<TProperties> segment, int index, long last)
{
    private HistorySegment<TProperties> _segment = segment;
    private int _index = index;

    /// <summary>The position of the event here. It can be evicted at any time.</summary>
    internal long Position { get; private set; } = segment.Read(index)!.Position;

    /// <summary>The event here; null if it was evicted.</summary>
    internal readonly HistoryEntry<TProperties>? Entry => _segment.Read(_index);

    internal readonly bool IsAtEnd => Position == last;

    /// <summary>Moves to the next event. Returns false if that was evicted. Do not call at the end.</summary>
    internal bool TryMoveNext()
    {
        var (segment, index) = (_segment, _index + 1);
        if (index == segment.Capacity)
        {
            if (segment.Next is not { } next)
                return false;
            (segment, index) = (next, 0);
        }

        if (segment.Read(index) is not { } entry)
            return false;
        (_segment, _index, Position) = (segment, index, entry.Position);
        return true;
    }
}

/// <summary>
/// The missed events of one subscriber, read from the shared history. A replay copies nothing and keeps no evicted event
/// alive. It ends at an event that was evicted before the reader reached it.
/// </summary>
/// <param name="cursors">
/// A cursor for each channel in which something was missed. The first one has the next event. A lock on this heap guards the heap,
/// and the writes of <c>_isLost</c>. The other fields do not change after <see cref="TakeLateIds"/>.
/// </param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
internal sealed class Replay<TProperties>(PositionHeap<HistoryCursor<TProperties>> cursors) : LeadingFrames
{
    private bool _isLost;

    private long _bytes;

    /// <summary>The frames of personalized events, by position; null if there are none.</summary>
    private Dictionary<long, Frame>? _personalized;

    /// <summary>The own ids of personalized frames whose entry has no id yet, or another one; null if there are none.</summary>
    private List<(HistoryEntry<TProperties> Entry, string Id)>? _lateIds;

    internal override int Count
    {
        get
        {
            // A publish can wait for the lock, so hold it only for a copy of the cursors.
            Replay<TProperties> scan;
            lock (cursors)
                scan = Clone();
            var count = 0;
            while (scan.ReadEntry() is { } entry)
            {
                if (scan.FrameOf(entry) is not null)
                    count++;
            }

            return count;
        }
    }

    internal override bool IsEmpty
    {
        get
        {
            lock (cursors)
                return cursors.Count == 0;
        }
    }

    internal override bool IsLost => _isLost;

    /// <summary>The bytes of the personalized events, which are in memory for this subscriber alone.</summary>
    internal override long Bytes => _bytes;

    internal override Frame? Read()
    {
        // Take the lock for each entry: a publish can wait for it, and there can be many entries that are not for this subscriber.
        while (ReadEntryLocked() is { } entry)
        {
            if (FrameOf(entry) is { } frame)
                return frame;
        }

        return null;

        HistoryEntry<TProperties>? ReadEntryLocked()
        {
            lock (cursors)
                return ReadEntry();
        }
    }

    /// <summary>
    /// Makes the missed personalized events of this subscriber. It runs functions of the application: call it on the thread
    /// that subscribes, outside the lock. An event whose function throws is left out, and counts as a failure.
    /// </summary>
    /// <returns>False if an event was evicted, or if the frames take more than <paramref name="maxBytes"/>.</returns>
    internal bool TryPersonalize(TProperties properties, EventIds ids, long maxBytes, out int failures)
    {
        failures = 0;
        _personalized = [];
        var scan = Clone();
        while (scan.ReadEntry() is { } entry)
        {
            if (entry.Make is not { } make)
                continue;
            try
            {
                LastFrame none = default;
                if (make(properties, ref none) is not { } frame)
                    continue;
                frame.PlaceAt(ids, entry.Place);
                _bytes += frame.Length;
                if (_bytes > maxBytes)
                    return false;
                _personalized[entry.Position] = frame;
                if (entry.HasOtherId(frame))
                    (_lateIds ??= []).Add((entry, frame.OwnId!));
            }
            catch (Exception)
            {
                failures++;
            }
        }

        return !scan._isLost;
    }

    /// <summary>Returns the own ids to add to the history before the replay is read, and forgets them with their entries.</summary>
    internal IReadOnlyList<(HistoryEntry<TProperties> Entry, string Id)> TakeLateIds()
    {
        IReadOnlyList<(HistoryEntry<TProperties> Entry, string Id)> lateIds = _lateIds ?? [];
        _lateIds = null;
        return lateIds;
    }

    private Replay<TProperties> Clone() => new(cursors.Clone())
    {
        _personalized = _personalized,
        _isLost = _isLost,
    };

    /// <summary>Returns the frame of an event for this subscriber; null if it gets none.</summary>
    private Frame? FrameOf(HistoryEntry<TProperties> entry) =>
        entry.Shared ?? (_personalized is not null && _personalized.TryGetValue(entry.Position, out var frame) ? frame : null);

    private HistoryEntry<TProperties>? ReadEntry()
    {
        if (cursors.Count == 0 || _isLost)
            return null;
        HistoryEntry<TProperties>? entry = null;
        var position = cursors.First.Position;
        // An event of several channels is in the history of each of them.
        while (cursors.Count > 0 && !_isLost && cursors.First.Position == position)
        {
            var cursor = cursors.First.Value;
            entry = cursor.Entry;
            if (entry is not null && cursor.IsAtEnd)
                cursors.RemoveFirst();
            else if (entry is not null && cursor.TryMoveNext())
                cursors.ReplaceFirst(cursor.Position, cursor);
            else
                _isLost = true;
        }

        return entry;
    }
}
