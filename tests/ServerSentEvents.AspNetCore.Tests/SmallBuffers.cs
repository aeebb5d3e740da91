using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Connections on which little is on its way, so that a server soon notices whoever does not read.</summary>
internal static class SmallBuffers
{
    /// <summary>In bytes; the system takes about twice as much.</summary>
    internal const int Size = 4 * 1024;

    internal static void Set(IServiceCollection services) =>
        services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = Listen);

    private static Socket Listen(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        // What it accepts inherits it.
        socket.SendBufferSize = Size;
        return socket;
    }
}
