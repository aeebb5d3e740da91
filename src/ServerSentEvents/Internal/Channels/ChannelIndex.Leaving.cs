namespace ServerSentEvents.Internal.Channels;

/// <content>Methods that remove subscribers from channels.</content>
internal sealed partial class ChannelIndex<TProperties>
{
    /// <summary>Marks channels for <see cref="CountUnmarked"/> and <see cref="LeaveMarked"/>.</summary>
    internal void Mark(in ChannelNames channels)
    {
        var walk = NewWalk();
        for (var i = 0; i < channels.Count; i++)
        {
            if (TryGet(channels[i], out var channel))
                channel.Mark = walk;
        }
    }

    /// <summary>Returns the number of a subscriber's channels that were not marked last.</summary>
    internal int CountUnmarked(Subscriber<TProperties> subscriber)
    {
        var count = 0;
        for (var slot = 0; slot < subscriber.MembershipCount; slot++)
        {
            if (subscriber.MembershipAt(slot).Channel.Mark != _walk)
                count++;
        }

        return count;
    }

    /// <summary>
    /// Removes a subscriber from the channels that were marked last. It stays in <paramref name="unmarked"/> other channels.
    /// </summary>
    internal void LeaveMarked(Subscriber<TProperties> subscriber, int unmarked)
    {
        var left = new Membership<TProperties>[unmarked];
        var count = 0;
        for (var slot = 0; slot < subscriber.MembershipCount; slot++)
        {
            var membership = subscriber.MembershipAt(slot);
            if (membership.Channel.Mark == _walk)
            {
                RemoveFrom(membership.Channel, membership.Index);
            }
            else
            {
                membership.Channel[membership.Index].Slot = count;
                left[count++] = membership;
            }
        }

        subscriber.SetMemberships(left);
    }

    /// <summary>Removes a subscriber from all its channels, and returns their names.</summary>
    internal string[] LeaveAll(Subscriber<TProperties> subscriber)
    {
        var names = subscriber.GetChannelNames();
        for (var slot = 0; slot < names.Length; slot++)
        {
            var membership = subscriber.MembershipAt(slot);
            RemoveFrom(membership.Channel, membership.Index);
        }

        subscriber.SetMemberships([]);
        return names;
    }

    private void RemoveFrom(ChannelMembers<TProperties> channel, int index)
    {
        channel.RemoveAt(index);
        if (channel.Count > 0)
            return;
        _channels.Remove(channel.Name);
        RemoveFromScan(channel);
        // The channel's own floor is lost with it, so the common floor must be at least as high.
        RaiseCommonFloor(channel.HistoryFloor.Position);
    }

    private void RemoveFromScan(ChannelMembers<TProperties> channel)
    {
        var last = _scan[^1];
        _scan[channel.ScanIndex] = last;
        last.ScanIndex = channel.ScanIndex;
        _scan.RemoveLast();
    }
}
