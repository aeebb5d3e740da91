using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <content>Methods that find the events that a client has missed.</content>
internal sealed partial class EventHistory<TProperties>
{
    /// <summary>
    /// Finds the position of an id, and the later events of the channels. Returns null if it is not certain which events the client
    /// has missed. The time depends on the number of channels, and not on the number of events.
    /// </summary>
    internal ResumePoint<TProperties>? Find(string lastEventId, in ChannelNames channels, long now)
    {
        if (FindPosition(lastEventId, channels) is not { } found)
            return null;
        var position = found.Value;
        if (position > Position.Value)
        {
            var canBeAhead = isFollowing && position < _distrustedFrom;
            return canBeAhead ? new(found, IsAhead: true, HasPersonalized: false, Replay: null) : null;
        }

        var cursors = new List<(long Position, HistoryCursor<TProperties> Cursor)>();
        var hasPersonalized = false;
        for (var i = 0; i < channels.Count; i++)
        {
            if (!_channels.TryGet(channels[i], out var channel))
            {
                if (position < index.HistoryFloorOf(channels[i]).Position)
                    return null;
                continue;
            }

            if (position < channel.Floor.Position)
                return null;
            if (channel.CursorAfter(position) is not { } cursor)
                continue;
            if (maxAge is { } age && cursor.Entry!.PublishedAt < now - age)
                return null;
            cursors.Add((cursor.Position, cursor));
            hasPersonalized |= channel.NewestPersonalizedPosition > position;
        }

        cursors.Sort(static (one, other) => one.Position.CompareTo(other.Position));
        return new(found, IsAhead: false, hasPersonalized, cursors.Count > 0 ? new(new(cursors)) : null);
    }

    private EventPosition? FindPosition(string lastEventId, in ChannelNames channels)
    {
        if (lastEventId.Length > EventValidator.MaxIdLength)
            return null;
        if (Ids.TryParse(lastEventId, out var generated))
            return Ids.IsKnownOrAhead(generated) ? generated : null;

        long? found = null;
        for (var i = 0; i < channels.Count; i++)
        {
            var place = FindOwnId(lastEventId, channels[i], out var isAmbiguous);
            // If two events have this id, it is not known which of them the client received.
            if (isAmbiguous || (found is not null && place is not null && found != place))
                return null;
            found ??= place;
        }

        return found is { } position ? new EventPosition(position) : null;
    }

    /// <summary>Returns the position of a channel's event with an own id; null if it is not known.</summary>
    /// <param name="ownId">The id.</param>
    /// <param name="name">The channel.</param>
    /// <param name="isAmbiguous">True if several events have, or had, that id, or if the position is no longer known.</param>
    private long? FindOwnId(string ownId, string name, out bool isAmbiguous)
    {
        var channel = _channels.TryGet(name, out var found) ? found : null;
        var (position, count) = channel?.Find(ownId) ?? default;
        var evicted = _usedIds.Count(name, ownId);
        isAmbiguous = count + evicted > 1 || _ambiguousIds.Count(name, ownId) > 0;
        if (count > 0)
            return position;
        // A client with the id of the newest evicted event has missed no evicted event.
        var floor = channel?.Floor ?? index.HistoryFloorOf(name);
        if (string.Equals(ownId, floor.OwnId, StringComparison.Ordinal))
            return floor.Position;
        isAmbiguous |= evicted > 0;
        return null;
    }
}

/// <summary>The point at which a client resumes.</summary>
/// <param name="Position">The position of the last event that the client received.</param>
/// <param name="IsAhead">True if this node has not read that position yet.</param>
/// <param name="HasPersonalized">True if functions have to be called for the replay.</param>
/// <param name="Replay">The missed events; null for none.</param>
internal sealed record ResumePoint<TProperties>(EventPosition Position, bool IsAhead, bool HasPersonalized, Replay<TProperties>? Replay);
