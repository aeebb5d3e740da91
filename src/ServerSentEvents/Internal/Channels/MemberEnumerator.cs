namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// An enumerator of the subscribers of several channels, each once. It allocates nothing, and goes from the end to the beginning: if a
/// member leaves, the last member takes its place, and was visited before.
/// </summary>
/// <param name="index">All channels.</param>
/// <param name="channels">The channels to visit.</param>
/// <param name="walk">The number that marks visited subscribers; null if no subscriber can be met twice.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <remarks>Needs the registry's lock until its end. Only the subscriber that was just visited may leave.</remarks>
internal struct MemberEnumerator<TProperties>(ChannelIndex<TProperties> index, ChannelNames channels, long? walk)
{
    /// <summary>The current channel; null before the first, and for one without subscribers.</summary>
    private ChannelMembers<TProperties>? _channel;

    private int _visitedChannels;

    /// <summary>The place in <see cref="_channel"/>; 0 at its end.</summary>
    private int _place;

    public ChannelMember<TProperties> Current { get; private set; }

    public readonly MemberEnumerator<TProperties> GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            while (--_place >= 0)
            {
                Current = _channel![_place];
                if (walk is not { } number || Current.Subscriber.TryVisit(number))
                    return true;
            }

            if (_visitedChannels == channels.Count)
                return false;
            _place = index.TryGet(channels[channels.Count - ++_visitedChannels], out _channel) ? _channel.Count : 0;
        }
    }
}
