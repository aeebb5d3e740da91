using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A client on a socket. It controls each byte that it sends, how much it reads, and how it disconnects.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[4 * 1024];
    private readonly StringBuilder _received = new();

    private RawClient(Socket socket, Stream stream) => (_socket, _stream) = (socket, stream);

    /// <param name="address">The address of the server. The client uses TLS if its scheme is <c>https</c>.</param>
    /// <param name="receiveBuffer">The size of the socket's receive buffer in bytes; 0 for the default of the system.</param>
    /// <param name="protocol">The protocol that the client offers over TLS; HTTP/1.1 by default.</param>
    internal static async Task<RawClient> ConnectAsync(Uri address, int receiveBuffer = 0, SslApplicationProtocol protocol = default)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0)
            socket.ReceiveBufferSize = receiveBuffer;
        await socket.ConnectAsync(IPAddress.Loopback, address.Port).WaitAsync(Limits.Patience);
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (address.Scheme != Uri.UriSchemeHttps)
            return new RawClient(socket, stream);
        var tls = new SslStream(stream, leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [protocol == default ? SslApplicationProtocol.Http11 : protocol],
        }).WaitAsync(Limits.Patience);
        return new RawClient(socket, tls);
    }

    internal async Task GetAsync(string path, string version = "1.1", string headers = "") =>
        await SendAsync($"GET {path} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n");

    /// <summary>Sends a GET request over HTTP/2, with flow-control windows that do not limit the server.</summary>
    internal async Task GetByHttp2Async(string path)
    {
        // Fields of the static table of HPACK (RFC 7541, appendix A): the method GET, and the scheme.
        byte scheme = _stream is SslStream ? (byte)0x87 : (byte)0x86;
        byte[] fields = [0x82, scheme, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 9, .. "localhost"u8];
        await SendAsync((byte[])
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8,
            // SETTINGS with INITIAL_WINDOW_SIZE, WINDOW_UPDATE of the connection, HEADERS of stream 1 that end it.
            0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff,
            0, 0, 4, 8, 0, 0, 0, 0, 0, 0x70, 0, 0, 0,
            0, 0, (byte)fields.Length, 1, 5, 0, 0, 0, 1, .. fields,
        ]);
    }

    internal async Task SendAsync(string text) => await SendAsync(Encoding.UTF8.GetBytes(text));

    internal async Task SendAsync(ReadOnlyMemory<byte> bytes) =>
        await _stream.WriteAsync(bytes).AsTask().WaitAsync(Limits.Patience);

    /// <summary>Reads until a text has arrived. Returns the received text up to its end, and keeps the rest for the next read.</summary>
    internal async Task<string> ReadToAsync(string text)
    {
        while (true)
        {
            var received = _received.ToString();
            if (received.IndexOf(text, StringComparison.Ordinal) is var at && at >= 0)
            {
                _received.Remove(0, at + text.Length);
                return received[..(at + text.Length)];
            }

            if (!await ReceiveAsync())
                throw new InvalidOperationException($"The connection has ended with: {received}");
        }
    }

    /// <summary>Reads at a steady pace until the server closes the connection.</summary>
    internal async Task<string> ReadSlowlyToEndAsync(int bytesPerSecond)
    {
        const int looksPerSecond = 20;
        using var look = new PeriodicTimer(TimeSpan.FromSeconds(1) / looksPerSecond);
        for (var due = 0; ; due += bytesPerSecond / looksPerSecond)
        {
            await look.WaitForNextTickAsync();
            while (_received.Length < due)
            {
                if (!await ReceiveAsync())
                    return _received.ToString();
            }
        }
    }

    /// <summary>Reads until the server closes the connection.</summary>
    internal async Task<string> ReadToEndAsync()
    {
        while (await ReceiveAsync())
        {
        }

        return _received.ToString();
    }

    /// <summary>Reads until the connection ends. Returns true if the server aborted it, false if the server closed it.</summary>
    internal async Task<bool> IsCutOffAsync()
    {
        try
        {
            while (await ReceiveAsync())
                _received.Clear();
            return false;
        }
        catch (IOException exception) when (exception.InnerException is SocketException)
        {
            return true;
        }
    }

    /// <summary>Reads until the stream ends. Returns true if the server reset the stream or the connection, false for an orderly end.</summary>
    internal async Task<bool> HasStreamBeenResetAsync()
    {
        // RST_STREAM of stream 1: its length, type, flags and stream. Payloads are text.
        const string reset = "\0\0\x04\x03\0\0\0\0\x01";
        try
        {
            while (!_received.ToString().Contains(reset, StringComparison.Ordinal))
            {
                if (!await ReceiveAsync())
                    return false;
            }

            return true;
        }
        catch (IOException exception) when (exception.InnerException is SocketException)
        {
            return true;
        }
    }

    /// <summary>Closes the sending direction of the connection. The client could still read.</summary>
    internal void Finish() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Drops all packets from the server, so that none is acknowledged. For Linux.</summary>
    internal void DropPackets() => DroppedPackets.DropFor(_socket);

    /// <summary>Disconnects by a TCP reset.</summary>
    internal void Abort()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private async Task<bool> ReceiveAsync()
    {
        var count = await _stream.ReadAsync(_buffer).AsTask().WaitAsync(Limits.Patience);
        _received.Append(Encoding.UTF8.GetString(_buffer, 0, count));
        return count > 0;
    }
}
