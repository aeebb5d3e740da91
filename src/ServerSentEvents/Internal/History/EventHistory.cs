using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>
/// What has been published, channel by channel, as far back as count and age allow, for those who come back and say what
/// they had last.
/// </summary>
/// <remarks>
/// <para>Needs the registry's lock throughout.</para>
/// <para>Positions are counted here, unless a backplane gives them: then they are those of its stream, the same on every
/// node, and a client may have come from a node that has read further than this one.</para>
/// </remarks>
internal sealed class EventHistory<TProperties>(int capacity, long? maxAge)
{
    private readonly Dictionary<string, ChannelHistory<TProperties>> _channels = new(StringComparer.Ordinal);

    /// <summary>The channels by when they were last used, as far as age is looked at.</summary>
    private readonly Queue<(ChannelHistory<TProperties> Channel, long UsedAt)> _byUse = new();

    /// <summary>The position of the newest event.</summary>
    private long _position;

    /// <summary>Whether positions are given by a backplane; what comes without one has no place in the history then.</summary>
    private bool _isFollowing;

    /// <summary>What a channel that is forgotten as a whole held at the most: nobody knows which channels there were.</summary>
    private long _forgottenThrough;

    /// <summary>No id of the application's is longer, so that nothing longer is looked up.</summary>
    private int _longestOwnId;

    internal Epoch Epoch { get; private set; } = new();

    /// <summary>Forgets everything, and takes positions as a backplane gives them, all of them after that one.</summary>
    internal void Follow(Epoch epoch, long before)
    {
        _channels.Clear();
        _byUse.Clear();
        _longestOwnId = 0;
        _isFollowing = true;
        Epoch = epoch;
        _position = before;
        _forgottenThrough = before;
    }

    /// <summary>
    /// Takes in an event, with the position that a backplane gives it or else the next, and returns that; null for what a
    /// node publishes by itself beside its backplane, which no other node could resume from.
    /// </summary>
    internal long? Add(
        HistoryEntry<TProperties> entry, in ChannelNames channels, ChannelIndex<TProperties> roll, long now, long? position)
    {
        if (_isFollowing && position is null)
            return null;
        _position = position ?? _position + 1;
        entry.Position = _position;
        entry.PublishedAt = now;
        _longestOwnId = Math.Max(_longestOwnId, entry.OwnId?.Length ?? 0);
        for (var i = 0; i < channels.Count; i++)
        {
            var channel = GetOrAdd(channels[i]);
            if (channel.Newest == _position)
                continue; // The name has come before.
            if (maxAge is { } age)
                channel.EvictBefore(now - age);
            channel.Add(entry, capacity);
            Use(channel, now);
        }

        ForgetUnused(roll, now);
        return _position;
    }

    /// <summary>
    /// Somebody is in these channels from here on: that nothing came in them is known as well, however much is forgotten of
    /// others.
    /// </summary>
    internal void Join(in ChannelNames channels, long now)
    {
        for (var i = 0; maxAge is not null && i < channels.Count; i++)
            Use(GetOrAdd(channels[i]), now);
    }

    /// <summary>
    /// What came after the event with that id in the channels, in order; null where that is not known. Takes time that
    /// goes with the number of channels and of events that were missed, and with nothing else.
    /// </summary>
    internal ReplayRange<TProperties>? After(string lastEventId, in ChannelNames channels, long now)
    {
        if (maxAge is { } age)
        {
            for (var i = 0; i < channels.Count; i++)
            {
                if (_channels.TryGetValue(channels[i], out var channel))
                    channel.EvictBefore(now - age);
            }
        }

        if (Find(lastEventId, channels) is not { } position)
            return null;
        if (position > _position)
            return _isFollowing ? new ReplayRange<TProperties>(position, Epoch, []) : null;

        var missed = new List<HistoryEntry<TProperties>>();
        for (var i = 0; i < channels.Count; i++)
        {
            _channels.TryGetValue(channels[i], out var channel);
            if (position < (channel?.EvictedThrough ?? _forgottenThrough))
                return null;
            channel?.CopyAfter(position, missed);
        }

        missed.Sort(static (one, other) => one.Position.CompareTo(other.Position));
        if (channels.Count > 1)
            missed = [.. missed.Distinct()]; // An event of several channels stands in the history of each.
        return new ReplayRange<TProperties>(position, Epoch, missed);
    }

    private long? Find(string lastEventId, in ChannelNames channels)
    {
        long? found = null;
        if (lastEventId.Length <= _longestOwnId)
        {
            for (var i = 0; i < channels.Count; i++)
            {
                if (!_channels.TryGetValue(channels[i], out var channel) || channel.Find(lastEventId) is not { } place)
                    continue;
                // Two channels have an event of that id each, and nobody can say which of them the client had.
                if (found is { } other && other != place)
                    return null;
                found = place;
            }
        }

        return found ?? (Epoch.TryRead(lastEventId, out var position) ? position : null);
    }

    private ChannelHistory<TProperties> GetOrAdd(string name)
    {
        if (!_channels.TryGetValue(name, out var channel))
            _channels.Add(name, channel = new ChannelHistory<TProperties>(name, _forgottenThrough));
        return channel;
    }

    private void Use(ChannelHistory<TProperties> channel, long now)
    {
        // One that stands in the line already is put at its end when its turn comes.
        channel.UsedAt = now;
        if (maxAge is null || channel.IsInLine)
            return;
        channel.IsInLine = true;
        _byUse.Enqueue((channel, now));
    }

    /// <summary>Forgets channels all of whose events are too old, but for those that somebody is in.</summary>
    private void ForgetUnused(ChannelIndex<TProperties> roll, long now)
    {
        while (maxAge is { } age && _byUse.Count > 0 && _byUse.Peek().UsedAt < now - age)
        {
            var (channel, _) = _byUse.Dequeue();
            if (roll.IsUsed(channel.Name))
                channel.UsedAt = now;
            if (channel.UsedAt >= now - age)
            {
                _byUse.Enqueue((channel, channel.UsedAt));
                continue;
            }

            _channels.Remove(channel.Name);
            _forgottenThrough = Math.Max(_forgottenThrough, channel.Newest);
        }
    }
}
