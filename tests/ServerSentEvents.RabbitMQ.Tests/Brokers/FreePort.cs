using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Ports for programs that have to be told one.</summary>
internal static class FreePort
{
    /// <summary>So many, all different.</summary>
    internal static int[] Find(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
