using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ServerSentEvents.Testing;

/// <summary>
/// Free ports below the range from which systems choose, so that no other program gets the port of a server that restarts. A port
/// stays reserved until this process ends, because other processes find ports at the same time.
/// </summary>
public static class FreePort
{
    private const int FirstPort = 20_000;
    private const int PortCount = 10_000;
    private const int Attempts = 100;

    /// <summary>A bound UDP socket for each port that was found. TCP servers can still use the port.</summary>
    private static readonly ConcurrentBag<Socket> Reservations = [];

    public static int Find() => Find(1)[0];

    /// <summary>Returns different free ports.</summary>
    public static IReadOnlyList<int> Find(int count) => [.. Enumerable.Range(0, count).Select(_ => Reserve())];

    /// <summary>Reserves a random port that is free.</summary>
    private static int Reserve()
    {
        for (var attempt = 1; ; attempt++)
        {
            var address = new IPEndPoint(IPAddress.Loopback, FirstPort + Random.Shared.Next(PortCount));
            var reservation = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                reservation.Bind(address);
                using var listener = new TcpListener(address);
                listener.Start();
                Reservations.Add(reservation);
                return address.Port;
            }
            catch (SocketException) when (attempt < Attempts)
            {
                reservation.Dispose();
            }
        }
    }
}
