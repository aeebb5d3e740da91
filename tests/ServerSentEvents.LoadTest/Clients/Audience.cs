using System.ComponentModel;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>All clients of one server, on one thread.</summary>
internal sealed class Audience(int port, EventSource source, Epoll epoll, Setup setup)
{
    /// <summary>The number of clients that connect at the same time. The backlog of a server holds as many.</summary>
    private const int ConnectAtOnce = 100;

    /// <summary>The time after which a server that sends nothing has failed.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly byte[] _buffer = new byte[1 << 18];
    private readonly List<Connection> _connections = [];
    private readonly List<Reader> _readers = [];
    private int _open;

    internal EventSource Source => source;

    internal SharedStream Stream { get; } = new();

    /// <summary>Runs when a client has received a part of the stream.</summary>
    internal Action<Reader> Received { get; set; } = static _ => { };

    internal int Count => _readers.Count;

    /// <summary>Opens more clients, and returns when each has the head of its response.</summary>
    internal void Connect(int count)
    {
        for (var until = _readers.Count + count; _open < until;)
        {
            while (_readers.Count < Math.Min(until, _open + ConnectAtOnce))
            {
                var first = _readers.Count;
                for (var last = Math.Min(until, first + setup.StreamsPerConnection); _readers.Count < last;)
                    _readers.Add(new Reader(this, _readers.Count, setup.Personalized));
                var connection = Connection.Open(port, setup, [.. _readers.Skip(first)]);
                epoll.Watch(connection.Descriptor, _connections.Count);
                _connections.Add(connection);
            }

            if (!Receive(Patience))
                throw new TimeoutException("The server does not answer.");
        }
    }

    internal void Opened() => _open++;

    /// <summary>Waits for bytes, and takes all bytes that came. Returns false after the limit.</summary>
    internal unsafe bool Receive(TimeSpan limit)
    {
        var count = epoll.Wait(limit);
        fixed (byte* buffer = _buffer)
        {
            for (var i = 0; i < count; i++)
            {
                var key = epoll.Key(i);
                var connection = key < 0 ? null : _connections[key];
                var length = (int)Libc.Receive(connection?.Descriptor ?? source.Descriptor(key), buffer, _buffer.Length, 0);
                if (length < 0)
                    throw new Win32Exception();
                var bytes = _buffer.AsSpan(0, length);
                if (connection is null)
                    source.Receive(key, bytes);
                else if (length == 0)
                    throw new InvalidDataException("The server has closed a connection.");
                else
                    connection.Receive(bytes);
            }
        }

        return count > 0;
    }

    /// <summary>Starts again at the beginning of an empty stream.</summary>
    internal void Clear()
    {
        Stream.Clear();
        foreach (var reader in _readers)
            (reader.Position, reader.Events) = (0, 0);
    }
}
