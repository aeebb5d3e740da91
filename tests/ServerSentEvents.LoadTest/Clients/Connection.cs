using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>A socket with the clients that read from it.</summary>
internal sealed class Connection
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly IHttpReader _http;
    private readonly TlsLayer? _tls;

    private Connection(int port, Setup setup, Reader[] readers)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _http = setup.Http2 > 0 ? new Http2Reader(readers, setup.Tls ? "https" : "http", Send) : new Http1Reader(readers[0]);
        _tls = setup.Tls ? new TlsLayer(_socket, _http, setup.Http2 > 0) : null;
    }

    internal int Descriptor => (int)_socket.Handle;

    /// <summary>Connects, and sends the requests of the clients.</summary>
    internal static Connection Open(int port, Setup setup, Reader[] readers)
    {
        var connection = new Connection(port, setup, readers);
        if (connection._tls is { } tls)
            tls.Start();
        else
            connection.Send(connection._http.Request);
        return connection;
    }

    /// <summary>Takes the bytes that the socket received.</summary>
    internal void Receive(Span<byte> bytes)
    {
        if (_tls is null)
            _http.Receive(bytes);
        else
            _tls.Receive(bytes);
    }

    private void Send(byte[] bytes)
    {
        if (_tls is null)
            _socket.Send(bytes);
        else
            _tls.Send(bytes);
    }
}
