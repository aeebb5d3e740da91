using System.Net;
using System.Net.Sockets;

namespace Cluster;

/// <summary>The nodes, for as long as the entrance runs.</summary>
internal sealed class NodeProcesses(string[] names, Uri broker) : BackgroundService
{
    private readonly NodeProcess[] _nodes = Array.ConvertAll(names, name => new NodeProcess(name, broker));

    /// <summary>How many connections there have been, changed by an interlocked operation.</summary>
    private int _connections;

    /// <summary>How to get what is missing. Whoever reads it need not know the broker's password.</summary>
    public static string AdviceFor(Uri broker) => $"""
        The nodes need a RabbitMQ broker, and look for it at {broker.Authority}. To get one:
          docker run --rm -p 5672:5672 rabbitmq:4
          apt-get install rabbitmq-server        (Debian and Ubuntu)
        For one somewhere else: --broker amqp://user:password@host:port
        """;

    /// <summary>A connection to the next node in turn that takes one; null where there is none.</summary>
    public async Task<Socket?> ConnectAsync(CancellationToken cancellationToken)
    {
        var turn = (uint)Interlocked.Increment(ref _connections);
        for (var i = 0; i < _nodes.Length; i++)
        {
            if (_nodes[(turn + i) % _nodes.Length].Address is not { } address)
                continue;
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, address.Port, cancellationToken);
                return socket;
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    /// <summary>
    /// Runs them all. They start one after the other: who starts asks one that runs where in the stream to begin.
    /// </summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var starting = new SemaphoreSlim(1);
        await Task.WhenAll(_nodes.Select(node => node.RunAsync(
            starting, () => _nodes.FirstOrDefault(other => other.Address is not null)?.Address, stoppingToken)));
    }
}
