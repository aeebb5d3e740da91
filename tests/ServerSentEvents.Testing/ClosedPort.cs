using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.Testing;

/// <summary>A port that refuses connections. No other program gets it before the end of the test.</summary>
public sealed class ClosedPort : IDisposable
{
    /// <summary>The owner of the port. A socket that is bound and does not listen refuses connections.</summary>
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Number => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();
}
