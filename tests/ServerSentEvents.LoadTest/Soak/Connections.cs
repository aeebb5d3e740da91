using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>An HTTP client whose sockets can be cut. A cut socket sends a reset, so what is on its way is lost.</summary>
internal sealed class Connections : IDisposable
{
    /// <summary>A small buffer, so that a client that does not read is noticed soon. HTTP/2 has a window for each stream.</summary>
    private const int ReceiveBytes = 32 * 1024;

    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly Setup _setup;

    internal Connections(Setup setup)
    {
        _setup = setup;
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken),
        };
        // The server makes its own certificate, so no authority has signed it.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        Http = new HttpClient(handler)
        {
            DefaultRequestVersion = setup.Http2 > 0 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromMinutes(2),
        };
    }

    internal HttpClient Http { get; }

    internal int Count => _open.Count;

    /// <summary>Cuts random sockets, and returns their number.</summary>
    internal int Cut(int count, Random random)
    {
        var sockets = _open.Keys.ToArray();
        random.Shuffle(sockets);
        count = Math.Min(count, sockets.Length);
        Array.ForEach(sockets[..count], Cut);
        return count;
    }

    /// <summary>Cuts all sockets, as a client does that vanishes.</summary>
    internal void Vanish()
    {
        foreach (var socket in _open.Keys)
            Cut(socket);
    }

    public void Dispose() => Http.Dispose();

    private static void Cut(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The socket has just ended.
        }

        socket.Dispose();
    }

    private async Task<Stream> ConnectAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (_setup.Http2 == 0)
                socket.ReceiveBufferSize = ReceiveBytes;
            await socket.ConnectAsync(server, cancellationToken);
            return new TrackedStream(socket, _open);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A connection that is in the list of open sockets until it is closed.</summary>
    private sealed class TrackedStream : NetworkStream
    {
        private readonly ConcurrentDictionary<Socket, byte> _open;

        internal TrackedStream(Socket socket, ConcurrentDictionary<Socket, byte> open)
            : base(socket, ownsSocket: true)
        {
            _open = open;
            _open[socket] = 0;
        }

        protected override void Dispose(bool disposing)
        {
            _open.TryRemove(Socket, out _);
            base.Dispose(disposing);
        }
    }
}
