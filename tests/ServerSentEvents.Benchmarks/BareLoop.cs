using System.Threading.Channels;

namespace ServerSentEvents.Benchmarks;

/// <summary>A loop that writes a reference to bounded channels, without a lock. Publishing is compared with this loop.</summary>
internal sealed class BareLoop
{
    private readonly Channel<string>[] _channels;

    internal BareLoop(int subscribers, int capacity)
    {
        _channels = new Channel<string>[subscribers];
        for (var i = 0; i < subscribers; i++)
            _channels[i] = Channel.CreateBounded<string>(capacity);
    }

    internal int Publish(string data)
    {
        var written = 0;
        foreach (var channel in _channels)
        {
            if (channel.Writer.TryWrite(data))
                written++;
        }

        return written;
    }

    internal void Drain()
    {
        foreach (var channel in _channels)
        {
            while (channel.Reader.TryRead(out _))
            {
            }
        }
    }
}
