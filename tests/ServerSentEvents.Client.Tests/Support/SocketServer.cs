using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.Client.Tests;

/// <summary>A server on a socket. It controls each byte of its responses, and serves one request for each connection.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    /// <summary>The head of a response whose body ends with the connection.</summary>
    internal const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

    /// <summary>The head of a response whose body ends too early if the connection ends.</summary>
    internal const string ChunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    private readonly TcpListener _listener;
    private readonly Func<SocketExchange, Task> _serve;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _open;

    /// <param name="serve">A function that serves one request. When it returns, the connection is closed.</param>
    /// <param name="port">The port; 0 for a free one.</param>
    internal SocketServer(Func<SocketExchange, Task> serve, int port = 0)
    {
        _serve = serve;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    internal Uri Address { get; }

    /// <summary>The heads of all requests.</summary>
    internal ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The number of connections that neither side has closed.</summary>
    internal int OpenConnections => Volatile.Read(ref _open);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting.WaitAsync(Limits.Patience);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // The server has been disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        Interlocked.Increment(ref _open);
        try
        {
            using (socket)
            {
                var request = await ReadHeadAsync(socket);
                Requests.Enqueue(request);
                await _serve(new SocketExchange(socket, request, Requests.Count));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The client has disconnected.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static async Task<string> ReadHeadAsync(Socket socket)
    {
        var head = new StringBuilder();
        var buffer = new byte[4 * 1024];
        while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer);
            if (count == 0)
                break;
            head.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return head.ToString();
    }
}
