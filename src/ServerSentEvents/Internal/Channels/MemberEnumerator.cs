namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// A walk through channels that meets each of their subscribers once, without memory of its own. It goes from
/// the end to the beginning: the place of one who leaves is taken by the channel's last, who has been met by then.
/// </summary>
/// <param name="map">Where the channels are.</param>
/// <param name="channels">The channels to walk through.</param>
/// <param name="walk">The number of the walk, which those who are met keep; null where nobody could be met twice.</param>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <remarks>Needs the registry's lock for as long as it goes on.</remarks>
internal struct MemberEnumerator<TProperties>(ChannelMap<TProperties> map, ChannelNames channels, long? walk)
{
    /// <summary>The channel that the walk is in; null before the first, and for one that nobody is in.</summary>
    private ChannelMembers<TProperties>? _channel;

    /// <summary>How many channels the walk has come to.</summary>
    private int _visited;

    /// <summary>Where in <see cref="_channel"/> the walk is; 0 when it has been through.</summary>
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
                if (walk is not { } number || Current.Subscriber.MeetOnce(number))
                    return true;
            }

            if (_visited == channels.Count)
                return false;
            _place = map.TryGet(channels[channels.Count - ++_visited], out _channel) ? _channel.Count : 0;
        }
    }
}
