using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Channels;

/// <summary>What the registry knows of one subscription: its queue, its channels, and whether it has ended.</summary>
internal sealed class Subscriber<TProperties>(TProperties properties, SubscriptionQueue queue)
{
    private const int NotEnded = -1;

    /// <summary>A <see cref="SubscriptionEndReason"/> or <see cref="NotEnded"/>. Set once, under the registry's lock.</summary>
    private volatile int _endReason = NotEnded;

    /// <summary>The last walk that has visited this subscriber. Guarded by the registry's lock.</summary>
    private long _lastWalk;

    internal TProperties Properties { get; } = properties;

    internal SubscriptionQueue Queue { get; } = queue;

    /// <summary>The application's view of this subscriber. Set before the registry has it.</summary>
    internal Subscription<TProperties> Subscription { get; set; } = null!;

    internal SubscriptionEndReason? EndReason => _endReason is var reason and not NotEnded ? (SubscriptionEndReason)reason : null;

    /// <summary>True while its missed personalized events are made: it is not listed yet. Guarded by the registry's lock.</summary>
    internal bool IsResuming { get; set; }

    /// <summary>Its channels, and its places in them. Guarded by the registry's lock.</summary>
    internal Membership<TProperties>[] Memberships { get; set; } = [];

    /// <summary>True if it has ended and its copy has still to announce that. Guarded by the registry's lock.</summary>
    internal bool HasUnannouncedEnd { get; set; }

    /// <summary>The names of the channels that it was in when it ended; null before. Guarded by the registry's lock.</summary>
    internal string[]? LastChannels { get; set; }

    /// <summary>Its place in the list of lingering subscribers; -1 for none. Guarded by the registry's lock.</summary>
    internal int LingerIndex { get; set; } = -1;

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

    /// <summary>Needs the registry's lock. Call once.</summary>
    internal void SetEnded(SubscriptionEndReason reason) => _endReason = (int)reason;
}

/// <summary>A channel that a subscriber is in.</summary>
internal struct Membership<TProperties>
{
    internal ChannelMembers<TProperties> Channel;

    /// <summary>The subscriber's place in <see cref="Channel"/>.</summary>
    internal int Index;
}
