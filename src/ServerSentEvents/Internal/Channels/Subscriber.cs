using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// One subscription as the registry sees it: a queue, with its places in the channels, and its end. It is one object, because
/// there can be 100,000 of them and a publish touches each.
/// </summary>
internal sealed class Subscriber<TProperties>(TProperties properties, QueueLimits limits) : SubscriptionQueue(limits)
{
    private SubscriptionEnd? _end;

    /// <summary>Its channel, if there is one: most subscribers have no other. Guarded by the registry's lock.</summary>
    private Membership<TProperties> _membership;

    /// <summary>Its channels, if there are several; else null. Guarded by the registry's lock.</summary>
    private Membership<TProperties>[]? _memberships;

    /// <summary>The last walk that has visited this subscriber. Guarded by the registry's lock.</summary>
    private long _lastWalk;

    internal TProperties Properties { get; } = properties;

    /// <summary>The application's view of this subscriber. Set before the registry has it.</summary>
    internal Subscription<TProperties> Subscription { get; set; } = null!;

    /// <summary>Null while it has not ended. Set once, under the registry's lock.</summary>
    internal SubscriptionEnd? End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>The number of its channels. Guarded by the registry's lock.</summary>
    internal int MembershipCount => _memberships?.Length ?? (_membership.Channel is null ? 0 : 1);

    /// <summary>Returns one of its channels, with its place there. Needs the registry's lock.</summary>
    internal ref Membership<TProperties> MembershipAt(int slot)
    {
        if (_memberships is null)
            return ref _membership;
        return ref _memberships[slot];
    }

    /// <summary>A subscriber of one channel is counted together with the others there.</summary>
    protected override ByteMeter? Meter => _membership.Channel;

    /// <summary>Sets its channels. Needs the registry's lock.</summary>
    internal void SetMemberships(ReadOnlySpan<Membership<TProperties>> memberships)
    {
        MoveOrigin(-(Meter?.Bytes ?? 0));
        _membership = memberships.Length == 1 ? memberships[0] : default;
        _memberships = memberships.Length > 1 ? memberships.ToArray() : null;
        MoveOrigin(Meter?.Bytes ?? 0);
    }

    /// <summary>Returns true the first time that a walk comes here. Needs the registry's lock.</summary>
    internal bool TryVisit(long walk)
    {
        if (_lastWalk == walk)
            return false;
        _lastWalk = walk;
        return true;
    }

    /// <summary>Returns true if that walk was the last one to come here. Needs the registry's lock.</summary>
    internal bool WasVisited(long walk) => _lastWalk == walk;
}

/// <summary>The end of a subscription.</summary>
/// <param name="reason">The reason.</param>
/// <param name="channels">The names of its last channels.</param>
internal sealed class SubscriptionEnd(SubscriptionEndReason reason, string[] channels)
{
    internal SubscriptionEndReason Reason { get; } = reason;

    internal string[] Channels { get; } = channels;

    /// <summary>True if its copy has still to announce the end. Guarded by the registry's lock.</summary>
    internal bool IsUnannounced { get; set; }

    /// <summary>Its place in the list of lingering subscribers; -1 for none. Guarded by the registry's lock.</summary>
    internal int LingerIndex { get; set; } = -1;
}

/// <summary>A channel that a subscriber is in.</summary>
internal struct Membership<TProperties>
{
    internal ChannelMembers<TProperties> Channel;

    /// <summary>The subscriber's place in <see cref="Channel"/>.</summary>
    internal int Index;

    internal readonly void Deconstruct(out ChannelMembers<TProperties> channel, out int index) => (channel, index) = (Channel, Index);
}
