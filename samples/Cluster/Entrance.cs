using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Cluster;

/// <summary>
/// What a load balancer does in production: it takes each new connection to the next node. A browser knows this one
/// address, and comes back to it when its stream has ended.
/// </summary>
internal static class Entrance
{
    public static WebApplication Build(WebApplicationBuilder builder, Uri broker)
    {
        builder.Configuration["urls"] ??= "http://localhost:5004";
        var nodes = new NodeProcesses(["A", "B"], broker);
        builder.Services.AddHostedService(_ => nodes);
        // Streams end when the nodes do: neither side is to wait for the other.
        builder.Services.Configure<HostOptions>(host => host.ServicesStopConcurrently = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Use(answer => async connection =>
            {
                using var node = await nodes.ConnectAsync(connection.ConnectionClosed);
                await (node is null ? answer(connection) : ForwardAsync(connection, node));
            })));

        var app = builder.Build();
        app.Run(context => AnswerWithoutNodesAsync(context, broker));
        return app;
    }

    /// <summary>Bytes both ways, whatever they mean, until one of the two has nothing more to say.</summary>
    private static async Task ForwardAsync(ConnectionContext connection, Socket socket)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        await using var node = new NetworkStream(socket);
        var there = connection.Transport.Input.CopyToAsync(node, over.Token);
        var back = node.CopyToAsync(connection.Transport.Output.AsStream(leaveOpen: true), over.Token);
        await Task.WhenAny(there, back);
        await over.CancelAsync();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// A person is told what is the matter. A page's stream gets no answer at all: a browser tries again after a broken
    /// connection, and after an error status never.
    /// </summary>
    private static async Task AnswerWithoutNodesAsync(HttpContext context, Uri broker)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.Connection = "close";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        context.Response.Headers["Refresh"] = "1";
        await context.Response.WriteAsync($"""
            <!DOCTYPE html>
            <html lang="en">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>Cluster</title>
            <h1>No node is ready yet</h1>
            <p>This page looks again every second. The nodes take some seconds to start, if there is a broker for them.</p>
            <pre>{NodeProcesses.AdviceFor(broker)}</pre>
            </html>
            """);
    }
}
