using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.Testing;

/// <summary>
/// Free ports below the range from which systems choose, so that no other program gets the port of a server that restarts.
/// </summary>
public static class FreePort
{
    private const int FirstPort = 20_000;
    private const int PortCount = 10_000;
    private const int Attempts = 100;

    public static int Find() => Find(1)[0];

    /// <summary>Returns different free ports.</summary>
    public static IReadOnlyList<int> Find(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => Listen()).ToList();
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }

    /// <summary>Listens on a random port that is free.</summary>
    private static TcpListener Listen()
    {
        for (var attempt = 1; ; attempt++)
        {
            var listener = new TcpListener(IPAddress.Loopback, FirstPort + Random.Shared.Next(PortCount));
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException) when (attempt < Attempts)
            {
                listener.Dispose();
            }
        }
    }
}
