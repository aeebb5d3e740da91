using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The channels of all clients. Each channel has the capacity of a subscription.</summary>
internal sealed class ClientChannels
{
    private const int Capacity = 1024;

    private readonly Lock _gate = new();

    /// <summary>The channels with the names of their clients. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<(Channel<string> Channel, string Name)> _clients = [];

    internal Channel<string> Add(HttpContext context)
    {
        var channel = Channel.CreateBounded<string>(Capacity);
        lock (_gate)
            _clients.Add((channel, context.Request.Query["client"].ToString()));
        return channel;
    }

    internal void Remove(Channel<string> channel)
    {
        lock (_gate)
            _clients.RemoveAll(client => client.Channel == channel);
    }

    internal void Write(string text)
    {
        lock (_gate)
        {
            foreach (var (channel, _) in _clients)
                channel.Writer.TryWrite(text);
        }
    }

    /// <summary>Writes the text that a function makes from each client's name.</summary>
    internal void Write(Func<string, string> text)
    {
        lock (_gate)
        {
            foreach (var (channel, name) in _clients)
                channel.Writer.TryWrite(text(name));
        }
    }
}
