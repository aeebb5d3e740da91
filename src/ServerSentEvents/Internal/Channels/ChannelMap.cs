using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents.Internal.Channels;

/// <summary>The channels that somebody is in, by name, in memory that goes with their number, also when it falls.</summary>
/// <remarks>Needs the registry's lock throughout.</remarks>
internal sealed class ChannelMap<TProperties>
{
    /// <summary>A map that never held more than this is left as it is.</summary>
    private const int SmallEnough = 64;

    private Dictionary<string, ChannelMembers<TProperties>> _channels = new(StringComparer.Ordinal);

    /// <summary>The most channels that <see cref="_channels"/> has held since it was made.</summary>
    private int _peak;

    internal bool TryGet(string name, [NotNullWhen(true)] out ChannelMembers<TProperties>? channel) =>
        _channels.TryGetValue(name, out channel);

    /// <summary>The channels of this moment, to be walked while some of them are removed.</summary>
    internal ChannelMembers<TProperties>[] ToArray() => [.. _channels.Values];

    internal ChannelMembers<TProperties> GetOrAdd(string name)
    {
        if (_channels.TryGetValue(name, out var channel))
            return channel;

        channel = new ChannelMembers<TProperties>(name);
        _channels.Add(name, channel);
        _peak = Math.Max(_peak, _channels.Count);
        return channel;
    }

    internal void Remove(string name)
    {
        _channels.Remove(name);
        if (_peak <= SmallEnough || _channels.Count > _peak / 4)
            return;

        // A dictionary never gives back what it once needed, so that one that is mostly empty is made anew.
        _channels = new(_channels, StringComparer.Ordinal);
        _peak = _channels.Count;
    }
}
