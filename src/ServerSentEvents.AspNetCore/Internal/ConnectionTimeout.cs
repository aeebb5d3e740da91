using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The system's time limit for a connection whose client has vanished or reads nothing, while a stream uses the connection.
/// </summary>
internal readonly struct ConnectionTimeout : IDisposable
{
    /// <summary>The level of socket options of TCP: <c>IPPROTO_TCP</c>.</summary>
    private const int TcpLevel = 6;

    /// <summary>The option <c>TCP_USER_TIMEOUT</c> of Linux, in milliseconds. The value 0 selects the system's own limit.</summary>
    private const int UserTimeoutOption = 18;

    /// <summary>The number of keepalive probes without an answer after which a system ends the connection.</summary>
    private const int Probes = 4;

    /// <summary>The socket whose limit this stream has set and removes again; null if there is none.</summary>
    private readonly Socket? _limited;

    private ConnectionTimeout(Socket? limited) => _limited = limited;

    /// <summary>Limits the connection of a request. Disposing removes the limit, except on a shared connection.</summary>
    internal static ConnectionTimeout Set(HttpContext context, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan || context.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
            return default;
        try
        {
            if (socket.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
                return default;
            SetKeepAlive(socket, timeout);
            // Other streams of an HTTP/2 connection may need the limit for longer than this one.
            var isShared = !EventStreamRequest.IsHttp1(context.Request);
            return OperatingSystem.IsLinux() && TrySetUserTimeout(socket, timeout) && !isShared ? new(socket) : default;
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            return default;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            if (_limited is not null)
                WriteUserTimeout(_limited, 0);
        }
        catch (Exception exception) when (IsClosed(exception))
        {
        }
    }

    /// <summary>Enables keepalive, which notices a client that vanishes while nothing is sent.</summary>
    private static void SetKeepAlive(Socket socket, TimeSpan timeout)
    {
        if ((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)! != 0)
            return;
        Set(SocketOptionName.TcpKeepAliveTime, timeout / 2);
        Set(SocketOptionName.TcpKeepAliveInterval, timeout / 2 / Probes);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);

        // Linux accepts 1 to 32,767 seconds.
        void Set(SocketOptionName name, TimeSpan time) =>
            socket.SetSocketOption(SocketOptionLevel.Tcp, name, (int)Math.Clamp(time.TotalSeconds, 1, short.MaxValue));
    }

    private static bool TrySetUserTimeout(Socket socket, TimeSpan timeout)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        socket.GetRawSocketOption(TcpLevel, UserTimeoutOption, value);
        if (BitConverter.ToInt32(value) != 0)
            return false;
        WriteUserTimeout(socket, (int)timeout.TotalMilliseconds);
        return true;
    }

    private static void WriteUserTimeout(Socket socket, int milliseconds)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(value, milliseconds);
        socket.SetRawSocketOption(TcpLevel, UserTimeoutOption, value);
    }

    /// <summary>Returns true for the exceptions of a connection that is closing. Its request ends without our help.</summary>
    private static bool IsClosed(Exception exception) => exception is SocketException or ObjectDisposedException;
}
