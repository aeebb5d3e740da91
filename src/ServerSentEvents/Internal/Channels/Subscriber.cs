using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// A subscription as the registry sees it: the queue, its places in the channels, and its end. This is one object, because
/// there can be 100,000 subscriptions, and a publish touches each.
/// </summary>
internal sealed class Subscriber<TProperties>(
    TProperties properties, QueueLimits limits, Func<SseItem<string>, string?>? keyFunction = null)
    : SubscriptionQueue(limits, keyFunction)
{
    /// <summary>The only channel, which most subscribers have; else null. Guarded by the registry's lock.</summary>
    private ChannelMembers<TProperties>? _channel;

    /// <summary>The place in the only channel. Guarded by the registry's lock.</summary>
    private int _index;

    /// <summary>
    /// The memberships of a subscriber of several channels, or its <see cref="SubscriptionEnd"/>; null for neither. A subscriber
    /// that has ended has no memberships, so one field is enough, and saves eight bytes. Written under the registry's lock.
    /// </summary>
    private object? _membershipsOrEnd;

    /// <summary>The last walk that has visited this subscriber. Guarded by the registry's lock.</summary>
    private long _lastWalk;

    /// <summary>1 if the beginning or the end was announced; else 0. Changed by interlocked operations.</summary>
    private int _isAnnounced;

    internal TProperties Properties { get; } = properties;

    /// <summary>The application's view of this subscriber. Set before the registry has it.</summary>
    internal Subscription<TProperties> Subscription { get; set; } = null!;

    /// <summary>The end of the subscription; null before it. Set once, under the registry's lock.</summary>
    internal SubscriptionEnd? End
    {
        get => Volatile.Read(ref _membershipsOrEnd) as SubscriptionEnd;
        set => Volatile.Write(ref _membershipsOrEnd, value);
    }

    /// <summary>The number of the subscriber's channels. Guarded by the registry's lock.</summary>
    internal int MembershipCount => Memberships?.Length ?? (_channel is null ? 0 : 1);

    /// <summary>The count of the only channel. A subscriber of several channels counts its own bytes.</summary>
    protected override ChannelByteCount? ByteCount => _channel;

    /// <summary>The memberships if there are several; else null. Guarded by the registry's lock.</summary>
    private Membership<TProperties>[]? Memberships => _membershipsOrEnd as Membership<TProperties>[];

    /// <summary>Returns one of the subscriber's channels, with the place there. Needs the registry's lock.</summary>
    internal Membership<TProperties> MembershipAt(int slot) =>
        Memberships is { } memberships ? memberships[slot] : new(_channel!, _index);

    /// <summary>Changes the subscriber's place in one of its channels. Needs the registry's lock.</summary>
    internal void SetIndexAt(int slot, int index)
    {
        if (Memberships is { } memberships)
            memberships[slot] = memberships[slot] with { Index = index };
        else
            _index = index;
    }

    /// <summary>Sets the channels of a subscriber that has not ended. Needs the registry's lock.</summary>
    internal void SetMemberships(ReadOnlySpan<Membership<TProperties>> memberships)
    {
        // The queue changes its channel. Replace the count of the old one by that of the new one, so that Bytes does not change.
        Uncount(-(ByteCount?.Bytes ?? 0));
        (_channel, _index) = memberships.Length == 1 ? memberships[0] : default;
        _membershipsOrEnd = memberships.Length > 1 ? memberships.ToArray() : null;
        Uncount(ByteCount?.Bytes ?? 0);
    }

    /// <summary>
    /// Sets the limit up to which the queue certainly has room. A subscriber of several channels, or with a tracked queue, has no
    /// limit: each publish looks at its queue. Needs the registry's lock.
    /// </summary>
    internal void SetUnitLimit()
    {
        if (_channel is not null && !IsTracked)
            _channel[_index].SetUnitLimit(_channel.LimitFor(Room));
    }

    /// <summary>Marks the subscriber as one that has a copy, in each of its channels. Needs the registry's lock.</summary>
    internal void SetCopy()
    {
        for (var slot = 0; slot < MembershipCount; slot++)
        {
            var (channel, index) = MembershipAt(slot);
            channel[index].SetCopy();
        }
    }

    /// <summary>Returns the names of the subscriber's channels. Needs the registry's lock.</summary>
    internal string[] GetChannelNames()
    {
        var names = new string[MembershipCount];
        for (var slot = 0; slot < names.Length; slot++)
            names[slot] = MembershipAt(slot).Channel.Name;
        return names;
    }

    /// <summary>Notes that the beginning or the end was announced. Returns true for the second of the two.</summary>
    internal bool TryCompleteAnnouncement() => Interlocked.Exchange(ref _isAnnounced, 1) != 0;

    /// <summary>
    /// Marks the subscriber as visited by a walk. Returns false if it was marked before. Needs the registry's lock.
    /// </summary>
    internal bool TryVisit(long walk)
    {
        if (_lastWalk == walk)
            return false;
        _lastWalk = walk;
        return true;
    }

    /// <summary>Returns whether this walk was the last one to visit the subscriber. Needs the registry's lock.</summary>
    internal bool WasVisited(long walk) => _lastWalk == walk;
}

/// <summary>The end of a subscription.</summary>
/// <param name="reason">The reason.</param>
/// <param name="channels">The names of its last channels.</param>
internal sealed class SubscriptionEnd(SubscriptionEndReason reason, string[] channels)
{
    internal SubscriptionEndReason Reason { get; } = reason;

    internal string[] Channels { get; } = channels;

    /// <summary>True if the copy still has to announce the end. Guarded by the registry's lock.</summary>
    internal bool IsUnannounced { get; set; }

    /// <summary>The place in the list of lingering subscribers; -1 for none. Guarded by the registry's lock.</summary>
    internal int LingerIndex { get; set; } = -1;
}

/// <summary>A channel that a subscriber is in.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Index">The subscriber's place in the channel.</param>
internal readonly record struct Membership<TProperties>(ChannelMembers<TProperties> Channel, int Index);
