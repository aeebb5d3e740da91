using System.Threading.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// Who is in which channel: subscribers know their places in their channels, and channels their subscribers, so that
/// whoever joins, leaves or is met costs the same however many others there are.
/// </summary>
/// <remarks>Needs the registry's lock throughout.</remarks>
internal sealed class ChannelIndex<TProperties>
{
    private readonly ChannelMap<TProperties> _channels = new();

    /// <summary>The number of the latest walk, by which a subscriber of several channels is met once.</summary>
    private long _walk;

    /// <summary>How many have joined so far.</summary>
    internal long Joined { get; private set; }

    internal bool IsUsed(string channel) => _channels.TryGet(channel, out _);

    /// <summary>All channels of this moment, to be walked while subscribers leave them.</summary>
    internal ChannelMembers<TProperties>[] Channels() => _channels.ToArray();

    internal long NewWalk() => ++_walk;

    /// <summary>
    /// Meets all who are in the channels, each once, and not those whom that walk has met before. The one who has just been
    /// met can leave meanwhile, nobody else.
    /// </summary>
    internal MemberEnumerator<TProperties> Walk(in ChannelNames channels, long walk) => new(_channels, channels, walk);

    /// <summary>
    /// Meets all who are in the channels, each once. In a single channel that needs no mark, and a subscriber's memory is not
    /// touched for it.
    /// </summary>
    internal MemberEnumerator<TProperties> Walk(in ChannelNames channels) => new(_channels, channels, channels.Count == 1 ? null : NewWalk());

    internal void Join(Subscription<TProperties> subscription, in ChannelNames channels)
    {
        Joined++;
        var memberships = new Membership<TProperties>[channels.Count];
        var count = 0;
        for (var i = 0; i < channels.Count; i++)
        {
            var channel = _channels.GetOrAdd(channels[i]);
            // Nobody else joins meanwhile: if this name has come before, the subscriber is the channel's last.
            if (channel.EndsWith(subscription))
                continue;
            memberships[count] = new() { Channel = channel, Index = channel.Add(subscription, count) };
            count++;
        }

        subscription.Memberships = count == memberships.Length ? memberships : memberships.AsSpan(0, count).ToArray();
    }

    /// <summary>Marks channels, for <see cref="Unmarked"/> and <see cref="LeaveMarked"/> to tell them from others.</summary>
    internal void Mark(in ChannelNames channels)
    {
        var walk = NewWalk();
        for (var i = 0; i < channels.Count; i++)
        {
            if (_channels.TryGet(channels[i], out var channel))
                channel.Mark = walk;
        }
    }

    /// <summary>How many of a subscriber's channels were not marked last.</summary>
    internal int Unmarked(Subscription<TProperties> subscription)
    {
        var count = 0;
        foreach (var membership in subscription.Memberships)
        {
            if (membership.Channel.Mark != _walk)
                count++;
        }

        return count;
    }

    /// <summary>Takes a subscriber out of the channels that were marked last.</summary>
    /// <param name="subscription">The subscriber.</param>
    /// <param name="unmarked">How many channels it stays in.</param>
    internal void LeaveMarked(Subscription<TProperties> subscription, int unmarked)
    {
        var left = new Membership<TProperties>[unmarked];
        var count = 0;
        foreach (var membership in subscription.Memberships)
        {
            if (membership.Channel.Mark == _walk)
            {
                RemoveFrom(membership.Channel, membership.Index);
            }
            else
            {
                membership.Channel.SetSlot(membership.Index, count);
                left[count++] = membership;
            }
        }

        subscription.Memberships = left;
    }

    /// <summary>
    /// Takes a subscriber out of all its channels. Its memberships stay, to tell which those were; the channels forget the
    /// subscriber.
    /// </summary>
    internal void LeaveAll(Subscription<TProperties> subscription)
    {
        foreach (var membership in subscription.Memberships)
            RemoveFrom(membership.Channel, membership.Index);
    }

    /// <summary>Writes to a subscriber in another way from here on, in all its channels.</summary>
    internal static void SetWriter(Subscription<TProperties> subscription, ChannelWriter<Frame> writer)
    {
        foreach (var membership in subscription.Memberships)
            membership.Channel.SetWriter(membership.Index, writer);
    }

    private void RemoveFrom(ChannelMembers<TProperties> channel, int index)
    {
        channel.RemoveAt(index);
        if (channel.Count == 0)
            _channels.Remove(channel.Name);
    }
}
