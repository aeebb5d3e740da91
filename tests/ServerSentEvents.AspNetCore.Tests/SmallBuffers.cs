using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Sets small socket buffers, so that a server soon notices a client that does not read.</summary>
internal static class SmallBuffers
{
    /// <summary>The size of a buffer in bytes. The system uses about twice as much.</summary>
    internal const int Size = 4 * 1024;

    internal static void Set(IServiceCollection services) =>
        services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = Listen);

    private static Socket Listen(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        // Accepted sockets inherit this value.
        socket.SendBufferSize = Size;
        return socket;
    }
}
