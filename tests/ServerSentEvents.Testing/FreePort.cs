using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.Testing;

/// <summary>Free ports, for programs that have to be given one.</summary>
public static class FreePort
{
    public static int Find() => Find(1)[0];

    /// <summary>Returns different free ports.</summary>
    public static IReadOnlyList<int> Find(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
