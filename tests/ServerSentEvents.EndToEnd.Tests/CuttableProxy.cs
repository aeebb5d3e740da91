using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A proxy that can cut its connections while client and server keep running.</summary>
internal sealed class CuttableProxy : IDisposable
{
    private readonly Uri _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _gate = new();

    /// <summary>Both ends of every connection. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<TcpClient> _ends = [];

    internal CuttableProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _ = AcceptAsync();
    }

    internal Uri Address { get; }

    /// <summary>Cuts all open connections. Clients can connect again.</summary>
    internal void Cut()
    {
        lock (_gate)
        {
            _ends.ForEach(end => end.Dispose());
            _ends.Clear();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ForwardAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The proxy is disposed.
        }
    }

    private async Task ForwardAsync(TcpClient near)
    {
        var far = new TcpClient();
        try
        {
            lock (_gate)
                _ends.AddRange([near, far]);
            await far.ConnectAsync(_server.Host, _server.Port);
            var (nearStream, farStream) = (near.GetStream(), far.GetStream());
            await Task.WhenAny(nearStream.CopyToAsync(farStream), farStream.CopyToAsync(nearStream));
        }
        catch (Exception exception)
            when (exception is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection was cut, or one end closed it.
        }
        finally
        {
            near.Dispose();
            far.Dispose();
        }
    }
}
