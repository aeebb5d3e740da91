using System.ComponentModel;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>All clients of one server, served by one thread.</summary>
internal sealed class Audience : IDisposable
{
    /// <summary>So many connect at once: a server's backlog holds them.</summary>
    private const int ConnectAtOnce = 100;

    /// <summary>Generous: only a server that has failed lets everybody wait for so long.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Epoll _epoll = new();
    private readonly byte[] _buffer = new byte[1 << 18];
    private readonly List<Connection> _connections = [];
    private readonly int _port;
    private int _open;

    internal Audience(int port, int length) => (_port, Source) = (port, new EventSource(port, length, _epoll));

    /// <summary>What they receive comes from here.</summary>
    internal EventSource Source { get; }

    internal SharedStream Stream { get; } = new();

    internal int Count => _connections.Count;

    /// <summary>Opens so many connections more, each of which has its response's head when this is through.</summary>
    internal void Connect(int count)
    {
        for (var until = _connections.Count + count; _open < until;)
        {
            while (_connections.Count < Math.Min(until, _open + ConnectAtOnce))
            {
                var connection = new Connection(_port);
                _epoll.Watch(connection.Descriptor, _connections.Count);
                _connections.Add(connection);
            }

            Receive(static _ => { });
        }
    }

    /// <summary>Waits until something has come, and takes all of it.</summary>
    internal unsafe void Receive(Action<Connection> received)
    {
        var count = _epoll.Wait(Patience);
        if (count == 0)
            throw new TimeoutException("Nothing comes from the server any more.");

        fixed (byte* buffer = _buffer)
        {
            for (var i = 0; i < count; i++)
            {
                var key = _epoll.Key(i);
                var connection = key < 0 ? null : _connections[key];
                var length = (int)Libc.Receive(connection?.Descriptor ?? Source.Descriptor(key), buffer, _buffer.Length, 0);
                if (length < 0)
                    throw new Win32Exception();
                var bytes = _buffer.AsSpan(0, length);
                if (connection is null)
                    Source.Receive(key, bytes);
                else
                    Receive(connection, bytes, received);
            }
        }
    }

    /// <summary>Forgets what everybody has received.</summary>
    internal void Clear()
    {
        Stream.Clear();
        foreach (var connection in _connections)
            (connection.Position, connection.Events) = (0, 0);
    }

    public void Dispose() => _epoll.Dispose();

    private void Receive(Connection connection, ReadOnlySpan<byte> bytes, Action<Connection> received)
    {
        if (bytes.IsEmpty)
            throw new InvalidDataException("The server has closed a connection.");
        var wasOpen = connection.IsOpen;
        connection.Receive(bytes, Stream);
        if (connection.IsOpen && !wasOpen)
            _open++;
        received(connection);
    }
}
