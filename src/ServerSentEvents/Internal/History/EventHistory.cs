using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>
/// The latest events of each channel, bounded in number and age, for clients that reconnect with the id of the last event
/// that they received.
/// </summary>
/// <remarks>
/// Guarded by the registry's lock. Positions are counted here, or come from a backplane. A backplane's positions are the same
/// on every node, so a client can come from a node that has read more than this one.
/// </remarks>
internal sealed class EventHistory<TProperties>(int capacity, long? maxAge, ChannelIndex<TProperties> index)
{
    private readonly NameTable<ChannelHistory<TProperties>> _channels = new();

    /// <summary>The channels in the order in which they are searched for expired events.</summary>
    private readonly List<ChannelHistory<TProperties>> _scan = [];

    private readonly EvictedIds _evictedIds = new();

    /// <summary>True if positions come from a backplane. Events without a position are then left out of the history.</summary>
    private bool _isFollowing;

    /// <summary>The lowest position that a client claimed and that this node did not reach in time.</summary>
    private long _distrustedFrom = long.MaxValue;

    internal EventIds Ids { get; private set; } = new SealedEventIds();

    /// <summary>The position of the newest event.</summary>
    internal long Position { get; private set; }

    /// <summary>True if there are events that can become too old.</summary>
    internal bool CanExpire => maxAge is not null && _scan.Count > 0;

    /// <summary>Removes everything, and takes later positions from a backplane. Call while no channel has subscribers.</summary>
    internal void Follow(EventIds ids, long before)
    {
        Clear();
        index.ResetHistoryFloor(before);
        _isFollowing = true;
        _distrustedFrom = long.MaxValue;
        Ids = ids;
        Position = before;
    }

    internal void Clear()
    {
        _channels.Clear();
        _scan.Clear();
        _evictedIds.Clear();
    }

    /// <summary>
    /// Adds an event at the position of the backplane, or else at the next one. Returns false for an event without a position
    /// if there is a backplane: no other node could resume from this event.
    /// </summary>
    internal bool Add(HistoryEntry<TProperties> entry, in ChannelNames channels, long now, long? position)
    {
        if (_isFollowing && position is null)
            return false;
        Position = position ?? Position + 1;
        if (Position >= _distrustedFrom)
            _distrustedFrom = long.MaxValue;
        entry.PlaceAt(Ids, Position, now);
        for (var i = 0; i < channels.Count; i++)
        {
            var channel = GetOrAdd(channels[i]);
            // A name can be repeated.
            if (channel.Newest != Position)
                channel.Add(entry, capacity);
        }

        return true;
    }

    /// <summary>
    /// Finds the event with an id, and the later events of the channels. Returns null if they are not certain. The time depends
    /// on the number of channels, and not on the number of events.
    /// </summary>
    internal ResumePoint<TProperties>? Find(string lastEventId, in ChannelNames channels, long now)
    {
        if (FindPosition(lastEventId, channels) is not { } position)
            return null;
        if (position > Position)
        {
            var canBeAhead = _isFollowing && position < _distrustedFrom;
            return canBeAhead ? new(position, IsAhead: true, HasPersonalized: false, Replay: null) : null;
        }

        var cursors = new List<HistoryCursor<TProperties>>();
        var hasPersonalized = false;
        for (var i = 0; i < channels.Count; i++)
        {
            if (!_channels.TryGet(channels[i], out var channel))
            {
                if (position < index.HistoryFloorOf(channels[i]))
                    return null;
                continue;
            }

            if (position < channel.EvictedThrough)
                return null;
            if (channel.CursorAfter(position) is not { } cursor)
                continue;
            if (maxAge is { } age && cursor.Entry!.PublishedAt < now - age)
                return null;
            cursors.Add(cursor);
            hasPersonalized |= channel.NewestPersonalized > position;
        }

        return new(position, IsAhead: false, hasPersonalized, cursors.Count > 0 ? new([.. cursors]) : null);
    }

    /// <summary>Remembers own ids that name no position, so that a later event with such an id is ambiguous.</summary>
    internal void AddAmbiguous(IReadOnlyList<string?> ids, in ChannelNames channels)
    {
        foreach (var id in ids)
        {
            for (var i = 0; id is { Length: > 0 } && i < channels.Count; i++)
                _evictedIds.Add(channels[i], id);
        }
    }

    /// <summary>Takes ids from a position on for gaps, until the backplane has come so far.</summary>
    internal void Distrust(long position) => _distrustedFrom = Math.Min(_distrustedFrom, position);

    /// <summary>Removes expired events, in a search that takes several calls.</summary>
    /// <param name="place">The place of the search: 0 before the first call, and at the end.</param>
    /// <param name="now">The time.</param>
    /// <param name="budget">The number of events and channels to look at in this call.</param>
    internal void EvictExpired(ref int place, long now, int budget)
    {
        if (maxAge is not { } age)
            return;
        // From the end to the beginning: the last channel, which takes the place of a removed one, has been searched by then.
        place = place == 0 ? _scan.Count : Math.Min(place, _scan.Count);
        for (; place > 0 && budget > 0; place--)
        {
            var channel = _scan[place - 1];
            for (budget--; budget > 0 && channel.TryEvictExpired(now - age); budget--)
            {
            }

            if (budget == 0)
                return;
            if (channel.IsEmpty)
                Remove(channel);
        }
    }

    private long? FindPosition(string lastEventId, in ChannelNames channels)
    {
        if (lastEventId.Length > EventValidator.MaxIdLength)
            return null;
        if (Ids.TryParse(lastEventId, out var position))
            return position;

        long? found = null;
        for (var i = 0; i < channels.Count; i++)
        {
            if (!_channels.TryGet(channels[i], out var channel))
            {
                // An evicted event of the channel had this id, and its position is no longer known.
                if (_evictedIds.Count(channels[i], lastEventId) > 0)
                    return null;
                continue;
            }

            var place = channel.Find(lastEventId, out var isAmbiguous);
            // If two events have this id, it is not known which of them the client received.
            if (isAmbiguous || (found is not null && place is not null && found != place))
                return null;
            found ??= place;
        }

        return found;
    }

    private ChannelHistory<TProperties> GetOrAdd(string name)
    {
        if (_channels.TryGet(name, out var channel))
            return channel;
        channel = new(name, index.HistoryFloorOf(name), _evictedIds) { ScanIndex = _scan.Count };
        _channels.Add(name, channel);
        _scan.Add(channel);
        return channel;
    }

    private void Remove(ChannelHistory<TProperties> channel)
    {
        index.RaiseHistoryFloor(channel.Name, channel.Newest);
        _channels.Remove(channel.Name);
        var last = _scan[^1];
        _scan[channel.ScanIndex] = last;
        last.ScanIndex = channel.ScanIndex;
        _scan.RemoveAt(_scan.Count - 1);
        if (_scan.Capacity > 64 && _scan.Count < _scan.Capacity / 4)
            _scan.Capacity = _scan.Count;
    }
}

/// <summary>The point at which a client resumes.</summary>
/// <param name="Position">The position of the last event that the client received.</param>
/// <param name="IsAhead">True if this node has not read that position yet.</param>
/// <param name="HasPersonalized">True if functions have to be called for the replay.</param>
/// <param name="Replay">The missed events; null for none.</param>
internal sealed record ResumePoint<TProperties>(long Position, bool IsAhead, bool HasPersonalized, Replay<TProperties>? Replay);
