namespace ServerSentEvents.Internal.Channels;

/// <summary>That a subscriber is in a channel, and at which place. Needs the registry's lock.</summary>
internal struct Membership<TProperties>
{
    internal ChannelMembers<TProperties> Channel;

    /// <summary>The subscriber's place in <see cref="Channel"/>, while the subscription lasts.</summary>
    internal int Index;
}
