using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>
/// The yardstick, a loop over sockets on one thread that only sends. Each client has a place in one shared log.
/// </summary>
internal sealed class BareServer : IDisposable
{
    private const int ListenerKey = -1;
    private const int Backlog = 4096;

    /// <summary>The time after which clients with full sockets are tried again.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(1);

    private readonly Epoll _epoll = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<BareConnection> _connections = [];
    private readonly List<BareConnection> _clients = [];
    private readonly SharedLog _log;
    private readonly byte[] _buffer = new byte[1 << 16];

    private BareServer(bool isBatching)
    {
        _log = new SharedLog(isBatching);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        _listener.Blocking = false;
        _epoll.Watch((int)_listener.Handle, ListenerKey);
    }

    private int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <param name="isBatching">True if a client gets all new events with one send. Otherwise each event has one send.</param>
    internal static async Task RunAsync(bool isBatching)
    {
        using var server = new BareServer(isBatching);
        new Thread(server.Serve) { IsBackground = true }.Start();
        Console.WriteLine($"{WebServer.Listening}{server.Port} {server.Port}");
        await Console.In.ReadToEndAsync();
        // The clients end with the process that closed the input, so no orderly end is needed.
        Environment.Exit(0);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _epoll.Dispose();
    }

    private void Serve()
    {
        for (var isAnyBehind = false; ;)
        {
            var count = _epoll.Wait(isAnyBehind ? RetryInterval : TimeSpan.MaxValue);
            for (var i = 0; i < count; i++)
            {
                if (_epoll.Key(i) is var key && key == ListenerKey)
                    Accept();
                else
                    Receive(_connections[key]);
            }

            isAnyBehind = _log.SendTo(_clients);
        }
    }

    private void Accept()
    {
        while (_listener.Poll(0, SelectMode.SelectRead))
        {
            var connection = new BareConnection(_listener.Accept(), _log);
            _epoll.Watch(connection.Descriptor, _connections.Count);
            _connections.Add(connection);
        }
    }

    private unsafe void Receive(BareConnection connection)
    {
        int length;
        fixed (byte* buffer = _buffer)
            length = (int)Libc.Receive(connection.Descriptor, buffer, _buffer.Length, 0);
        if (length <= 0)
        {
            _clients.Remove(connection);
            connection.Dispose();
        }
        else if (connection.Receive(_buffer.AsSpan(0, length)))
        {
            _clients.Add(connection);
        }
    }
}
