using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>A connection that posts events to the server.</summary>
internal sealed class PostConnection
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _head;
    private readonly int _length;
    private readonly StringBuilder _requests = new();

    internal PostConnection(int port, int length)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _length = length;
        _head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
    }

    internal int Descriptor => (int)_socket.Handle;

    /// <summary>Posts events with consecutive numbers, without waiting for an answer.</summary>
    internal void Post(int first, int count, long due)
    {
        _requests.Clear();
        for (var number = first; number < first + count; number++)
            _requests.Append(_head).Append(EventData.New(number, _length, due));
        _socket.Send(Encoding.ASCII.GetBytes(_requests.ToString()));
    }

    /// <summary>Returns whether the bytes begin an answer.</summary>
    /// <exception cref="InvalidDataException">The server refused an event.</exception>
    internal static bool IsAnswer(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty || bytes.StartsWith("HTTP/1.1 4"u8) || bytes.StartsWith("HTTP/1.1 5"u8)
            ? throw new InvalidDataException($"The server does not publish: {Encoding.ASCII.GetString(bytes)}")
            : bytes.StartsWith("HTTP/1.1 2"u8);
}
