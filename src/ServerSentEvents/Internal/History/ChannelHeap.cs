namespace ServerSentEvents.Internal.History;

/// <summary>The channels of a history. The first one has the oldest event of all.</summary>
/// <remarks>
/// <para>Guarded by the registry's lock.</para>
/// <para>A channel that evicts an event for its capacity does not move, so that a publish costs nothing here. The position of
/// the channel is then too low. Check the position of the first channel, and call <see cref="MoveFirst"/> to correct it.</para>
/// </remarks>
internal sealed class ChannelHeap<TProperties>
{
    private const int SmallEnough = 64;

    private readonly List<(long Position, ChannelHistory<TProperties> Channel)> _channels = [];

    internal bool IsEmpty => _channels.Count == 0;

    /// <summary>The channel whose position is the lowest.</summary>
    internal (long Position, ChannelHistory<TProperties> Channel) First => _channels[0];

    /// <summary>Adds a channel whose only event is the newest of all channels.</summary>
    internal void AddLast(ChannelHistory<TProperties> channel, long position) => _channels.Add((position, channel));

    /// <summary>Gives the first channel a higher position.</summary>
    internal void MoveFirst(long position) => SiftDown((position, _channels[0].Channel));

    internal void RemoveFirst()
    {
        var last = _channels[^1];
        _channels.RemoveAt(_channels.Count - 1);
        if (_channels.Count > 0)
            SiftDown(last);
        if (_channels.Capacity > SmallEnough && _channels.Count < _channels.Capacity / 4)
            _channels.Capacity = _channels.Count;
    }

    /// <summary>Puts a channel into the first place or below, where no channel before it has a higher position.</summary>
    private void SiftDown((long Position, ChannelHistory<TProperties> Channel) channel)
    {
        for (var place = 0; ;)
        {
            var child = (2 * place) + 1;
            if (child + 1 < _channels.Count && _channels[child + 1].Position < _channels[child].Position)
                child++;
            if (child >= _channels.Count || channel.Position <= _channels[child].Position)
            {
                _channels[place] = channel;
                return;
            }

            _channels[place] = _channels[child];
            place = child;
        }
    }
}
