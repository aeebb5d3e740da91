using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A channel for each client, of the capacity that a subscription has.</summary>
internal sealed class ClientChannels
{
    private const int Capacity = 1024;

    private readonly Lock _gate = new();

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly List<Channel<string>> _channels = [];

    internal Channel<string> Add()
    {
        var channel = Channel.CreateBounded<string>(Capacity);
        lock (_gate)
            _channels.Add(channel);
        return channel;
    }

    internal void Remove(Channel<string> channel)
    {
        lock (_gate)
            _channels.Remove(channel);
    }

    internal void Write(string text)
    {
        lock (_gate)
        {
            foreach (var channel in _channels)
                channel.Writer.TryWrite(text);
        }
    }
}
