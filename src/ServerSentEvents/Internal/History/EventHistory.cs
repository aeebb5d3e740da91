using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>
/// The latest events of each channel, for clients that reconnect with the id of the last event that they received. They are
/// bounded in number, in age, and in the bytes of all channels.
/// </summary>
/// <remarks>
/// Guarded by the registry's lock. Positions are counted here, or come from a backplane. A backplane's positions are the same
/// on every node, so a client can come from a node that has read more than this one.
/// </remarks>
/// <param name="capacity">The largest number of events of a channel.</param>
/// <param name="capacityBytes">The largest number of bytes in all channels.</param>
/// <param name="maxAge">The age at which events leave, in ticks of the clock; null for none.</param>
/// <param name="index">The subscribers of the channels.</param>
/// <param name="ids">The ids of the positions.</param>
/// <param name="before">The position before the first event.</param>
/// <param name="isFollowing">
/// True if positions come from a backplane. Events without a position are then left out of the history.
/// </param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
internal sealed partial class EventHistory<TProperties>(
    int capacity,
    long capacityBytes,
    long? maxAge,
    ChannelIndex<TProperties> index,
    EventIds ids,
    EventPosition before = default,
    bool isFollowing = false)
{
    /// <summary>The largest number of events that one call evicts, and of channels that it moves.</summary>
    private const int EvictionBudget = 1_024;

    /// <summary>The channels that have an event.</summary>
    private readonly NameTable<ChannelHistory<TProperties>> _channels = new();

    /// <summary>
    /// The channels of <see cref="_channels"/> by the position of their oldest event. A channel that evicts an event for its capacity
    /// does not move, so that a publish costs nothing here. Its position is then too low, and is corrected when it is the first.
    /// </summary>
    private readonly PositionHeap<ChannelHistory<TProperties>> _byOldest = new([]);

    /// <summary>The ids that have left the history. An id identifies a position only if exactly one event had it.</summary>
    private readonly UsedIds _usedIds = new();

    /// <summary>The ids of personalized events that had several ids. They identify no position.</summary>
    private readonly UsedIds _ambiguousIds = new();

    /// <summary>The bytes of all events. An event of several channels counts once.</summary>
    private long _bytes;

    /// <summary>The latest time of an event. Clocks are read before the lock, so a later event can have an earlier one.</summary>
    private long _publishedAt = long.MinValue;

    /// <summary>The lowest position that a client claimed and that this node did not reach in time.</summary>
    private long _distrustedFrom = long.MaxValue;

    internal EventIds Ids { get; } = ids;

    /// <summary>The position of the newest event.</summary>
    internal EventPosition Position { get; private set; } = before;

    /// <summary>True if there are events that can become too old.</summary>
    internal bool CanExpire => maxAge is not null && _byOldest.Count > 0;

    /// <summary>The bytes of all events. Can be read without the lock.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>
    /// True if there are more bytes than allowed, because <see cref="Add"/> could not evict enough in one call. Can be read without
    /// the lock.
    /// </summary>
    internal bool HasExcess => Bytes > capacityBytes;

    /// <summary>Returns an empty history whose positions come from a backplane. Call while no channel has subscribers.</summary>
    internal EventHistory<TProperties> Follow(EventIds streamIds, EventPosition start)
    {
        index.ResetHistoryFloor(start.Value);
        return new(capacity, capacityBytes, maxAge, index, streamIds, start, isFollowing: true);
    }

    /// <summary>
    /// Adds an event at the position of the backplane, or else at the next one, and evicts the excess. Returns false for an
    /// event without a position if there is a backplane: no other node could resume from this event.
    /// </summary>
    internal bool Add(HistoryEntry<TProperties> entry, in ChannelNames channels, long now, EventPosition? position)
    {
        if (isFollowing && position is null)
            return false;
        Advance(position ?? new EventPosition(Position.Value + 1));
        // The order of the positions is then the order of the times: no event expires before an older one.
        _publishedAt = Math.Max(_publishedAt, now);
        entry.PlaceAt(Ids, Position, _publishedAt, channels);
        for (var i = 0; i < channels.Count; i++)
            AddTo(channels[i], entry);
        if (HasExcess)
            Evict();
        return true;
    }

    /// <summary>Notes that everything up to a position has been read.</summary>
    internal void Advance(EventPosition position)
    {
        Position = position;
        if (position.Value >= _distrustedFrom)
            _distrustedFrom = long.MaxValue;
    }

    /// <summary>Remembers own ids that name no position, so that a later event with such an id is ambiguous.</summary>
    internal void AddAmbiguous(IReadOnlyList<string?> ids, in ChannelNames channels)
    {
        foreach (var id in ids)
        {
            if (id is not { Length: > 0 } ambiguous)
                continue;
            for (var i = 0; i < channels.Count; i++)
                _ambiguousIds.AddOnce(channels[i], ambiguous);
        }
    }

    /// <summary>
    /// Adds the own id of a personalized frame that was made after its event was published. Clients can resume from the first such id of
    /// an entry. Other ids of the entry are ambiguous.
    /// </summary>
    internal void AddLateId(HistoryEntry<TProperties> entry, string id)
    {
        // Another replay can have added the id since the frame was made.
        if (string.Equals(id, entry.OwnId, StringComparison.Ordinal))
            return;
        if (!entry.TrySetOwnId(id))
        {
            AddAmbiguous([id], entry.PersonalizedChannels);
            return;
        }

        foreach (var name in entry.PersonalizedChannels.Distinct(StringComparer.Ordinal))
        {
            // Where the entry is evicted, a later event with this id is ambiguous.
            if (!(_channels.TryGet(name, out var channel) && channel.TryAddLateId(entry, id)))
                _usedIds.Add(name, id);
        }
    }

    /// <summary>Treats ids at or after a position as gaps, until the backplane has reached it.</summary>
    internal void Distrust(long position) => _distrustedFrom = Math.Min(_distrustedFrom, position);

    /// <summary>
    /// Evicts a bounded number of events, the oldest of all channels first, while they are too old or take too many bytes.
    /// </summary>
    /// <returns>True if there may be more. Call again later.</returns>
    internal bool Evict(long expiredBefore = long.MinValue)
    {
        for (var budget = EvictionBudget; budget > 0 && _byOldest.Count > 0; budget--)
        {
            var (position, channel) = _byOldest.First;
            if (position == channel.Oldest.Position)
            {
                if (!HasExcess && channel.Oldest.PublishedAt >= expiredBefore)
                    return false;
                EvictOldest(channel);
            }

            if (channel.Count > 0)
                _byOldest.ReplaceFirst(channel.Oldest.Position, channel);
            else
                RemoveFirst(channel);
        }

        return _byOldest.Count > 0;
    }

    private void EvictOldest(ChannelHistory<TProperties> channel)
    {
        var entry = channel.EvictOldest();
        if (--entry.Channels == 0)
            Volatile.Write(ref _bytes, _bytes - entry.Bytes);
    }

    private void AddTo(string name, HistoryEntry<TProperties> entry)
    {
        if (!_channels.TryGet(name, out var channel))
        {
            channel = new(name, index.HistoryFloorOf(name), _usedIds);
            _channels.Add(name, channel);
            _byOldest.AddLast(entry.Position, channel);
        }

        // A name can be repeated.
        if (channel.NewestPosition == entry.Position)
            return;
        if (channel.Count >= capacity)
            EvictOldest(channel);
        channel.Add(entry, capacity);
        if (entry.Channels++ == 0)
            Volatile.Write(ref _bytes, _bytes + entry.Bytes);
    }

    private void RemoveFirst(ChannelHistory<TProperties> channel)
    {
        index.RaiseHistoryFloor(channel.Name, channel.Floor);
        _channels.Remove(channel.Name);
        _byOldest.RemoveFirst();
    }
}
