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
    private SubscriptionEnd? _end;

    /// <summary>The only channel, which most subscribers have; else the default value. Guarded by the registry's lock.</summary>
    private Membership<TProperties> _membership;

    /// <summary>The channels if there are several; else null. Guarded by the registry's lock.</summary>
    private Membership<TProperties>[]? _memberships;

    /// <summary>The last walk that has visited this subscriber. Guarded by the registry's lock.</summary>
    private long _lastWalk;

    internal TProperties Properties { get; } = properties;

    /// <summary>The application's view of this subscriber. Set before the registry has it.</summary>
    internal Subscription<TProperties> Subscription { get; set; } = null!;

    /// <summary>The end of the subscription; null before it. Set once, under the registry's lock.</summary>
    internal SubscriptionEnd? End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>The number of the subscriber's channels. Guarded by the registry's lock.</summary>
    internal int MembershipCount => _memberships?.Length ?? (_membership.Channel is null ? 0 : 1);

    /// <summary>The count of the only channel. A subscriber of several channels counts its own bytes.</summary>
    protected override ByteMeter? Meter => _membership.Channel;

    /// <summary>Returns one of the subscriber's channels, with the place there. Needs the registry's lock.</summary>
    internal ref Membership<TProperties> MembershipAt(int slot)
    {
        if (_memberships is null)
            return ref _membership;
        return ref _memberships[slot];
    }

    /// <summary>Sets the subscriber's channels. Needs the registry's lock.</summary>
    internal void SetMemberships(ReadOnlySpan<Membership<TProperties>> memberships)
    {
        MoveOrigin(-(Meter?.Bytes ?? 0));
        _membership = memberships.Length == 1 ? memberships[0] : default;
        _memberships = memberships.Length > 1 ? memberships.ToArray() : null;
        MoveOrigin(Meter?.Bytes ?? 0);
    }

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
internal struct Membership<TProperties>
{
    internal ChannelMembers<TProperties> Channel;

    /// <summary>The subscriber's place in <see cref="Channel"/>.</summary>
    internal int Index;

    internal readonly void Deconstruct(out ChannelMembers<TProperties> channel, out int index) =>
        (channel, index) = (Channel, Index);
}
