using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.Testing;

/// <summary>A network between a client and a server, which can cut connections, or stop forwarding without closing them.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly Task _accepting;
    private int _connections;

    /// <summary>A task that completes when bytes are forwarded again.</summary>
    private volatile TaskCompletionSource _open = new();

    /// <summary>The source that is canceled to close the open connections.</summary>
    private CancellationTokenSource _cut = new();

    public TcpProxy(int target)
    {
        _target = target;
        _open.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The number of connections that were ever accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public Uri Address => new($"http://127.0.0.1:{Port}/");

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A function that sees each answer of the server, and can change it.</summary>
    public Action<Memory<byte>> Answers { get; set; } = static _ => { };

    public void Stall() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void GoOn() => _open.TrySetResult();

    /// <summary>Closes the open connections. Clients can connect again.</summary>
    public void Cut() => Interlocked.Exchange(ref _cut, new CancellationTokenSource()).Cancel();

    public async ValueTask DisposeAsync()
    {
        GoOn();
        await _stopping.CancelAsync();
        // While the loop runs, the listener must exist: it may have just accepted a connection, and ask for the next one.
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
        _cut.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
                Interlocked.Increment(ref _connections);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, Volatile.Read(ref _cut).Token);
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target, ending.Token);
                var (near, far) = (client.GetStream(), server.GetStream());
                await Task.WhenAny(CopyAsync(near, far, static _ => { }, ending.Token), CopyAsync(far, near, Answers, ending.Token));
            }
            catch (Exception exception) when (exception is SocketException or InvalidOperationException or OperationCanceledException)
            {
                // The client sees that its connection is closed.
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Action<Memory<byte>> change, CancellationToken ending)
    {
        var buffer = new byte[64 << 10];
        try
        {
            int length;
            while ((length = await from.ReadAsync(buffer, ending)) > 0)
            {
                await _open.Task.WaitAsync(ending);
                change(buffer.AsMemory(0, length));
                await to.WriteAsync(buffer.AsMemory(0, length), ending);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is closed.
        }
    }
}
