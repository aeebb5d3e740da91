using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Cluster;

/// <summary>The load balancer of the sample. It gives each new connection to the next node.</summary>
internal static class Entrance
{
    public static WebApplication Build(WebApplicationBuilder builder, Node[] nodes, Broker broker)
    {
        var connections = 0;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Use(answer => async connection =>
            {
                var turn = Interlocked.Increment(ref connections);
                using var node = await ConnectAsync([.. nodes.Skip(turn % nodes.Length), .. nodes], connection.ConnectionClosed);
                await (node is null ? answer(connection) : ForwardAsync(connection, node));
            })));

        var app = builder.Build();
        app.Run(context => AnswerWithoutNodesAsync(context, broker));
        return app;
    }

    private static async Task<NetworkStream?> ConnectAsync(Node[] nodes, CancellationToken cancellationToken)
    {
        foreach (var node in nodes.Where(node => node.Address is not null))
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, node.Address!.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    /// <summary>Copies bytes both ways until one side ends.</summary>
    private static async Task ForwardAsync(ConnectionContext connection, NetworkStream node)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        var there = connection.Transport.Input.CopyToAsync(node, over.Token);
        var back = node.CopyToAsync(connection.Transport.Output.AsStream(leaveOpen: true), over.Token);
        await Task.WhenAny(there, back);
        await over.CancelAsync();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Answers a person with a page that says what is missing. A stream gets no answer, because a browser retries after a
    /// broken connection, and gives up after an error status.
    /// </summary>
    private static async Task AnswerWithoutNodesAsync(HttpContext context, Broker broker)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.Connection = "close";
        context.Response.Headers["Refresh"] = "1";
        await context.Response.WriteAsync($"No node is ready yet. This page loads again every second.\n\n{broker.Advice}\n");
    }
}
