using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>One client: a socket, and how far it has read.</summary>
internal sealed class Connection
{
    private static readonly byte[] Request = "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private ChunkedBody _body;

    /// <summary>nchan's body ends with its connection, and has no chunks.</summary>
    private bool _isChunked;

    /// <summary>What has come of the response's head; null behind it.</summary>
    private List<byte>? _head = [];

    internal Connection(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Send(Request);
        _socket.Blocking = false;
        Descriptor = (int)_socket.Handle;
    }

    internal int Descriptor { get; }

    /// <summary>Where it is in the stream that all receive.</summary>
    internal int Position { get; set; }

    /// <summary>How many of the stream's events it has received.</summary>
    internal int Events { get; set; }

    internal bool IsOpen => _head is null;

    /// <summary>Takes what the socket has given.</summary>
    internal void Receive(ReadOnlySpan<byte> bytes, SharedStream stream)
    {
        if (_head is not null)
        {
            bytes = AfterHead(bytes);
            if (_head is not null)
                return;
        }

        if (!_isChunked)
        {
            Position = stream.Accept(Position, bytes);
            return;
        }

        while (_body.TryTake(ref bytes, out var data))
            Position = stream.Accept(Position, data);
    }

    private ReadOnlySpan<byte> AfterHead(ReadOnlySpan<byte> bytes)
    {
        var before = _head!.Count;
        _head.AddRange(bytes);
        var head = Encoding.Latin1.GetString([.. _head]);
        var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return default;
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            throw new InvalidDataException($"The server answered: {head}");
        _isChunked = head.Contains("chunked", StringComparison.OrdinalIgnoreCase);
        _head = null;
        return bytes[(end + 4 - before)..];
    }
}
