using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Backplane.Contract;

namespace ServerSentEvents.Client.Tests;

/// <summary>
/// A node of a cluster that can stop and start again on the same port: an application on Kestrel, a publisher and a backplane.
/// Only the stream of the backplane outlives it.
/// </summary>
internal sealed class WebNode : IAsyncDisposable
{
    private readonly InMemoryStream _stream;
    private readonly int _port = FreePort.Find();
    private TestNode _node = null!;
    private WebApplication _app = null!;

    private WebNode(InMemoryStream stream) => _stream = stream;

    internal Uri Address => new($"http://127.0.0.1:{_port}/");

    internal Publisher<string> Publisher => _node.Publisher;

    internal static async Task<WebNode> StartAsync(InMemoryStream stream)
    {
        var node = new WebNode(stream);
        await node.StartAsync();
        return node;
    }

    /// <summary>Starts the node with an empty history, and returns when it has read the stream and takes connections.</summary>
    internal async Task StartAsync()
    {
        _node = await TestNode.StartAsync(_stream);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, _port, listen => listen.Protocols = HttpProtocols.Http1));
        _app = builder.Build();
        _app.MapGet("/", (HttpContext context) => Publisher.Subscribe(new SubscribeOptions<string>
        {
            Properties = "",
            LastEventId = context.Request.Headers["Last-Event-ID"],
        }).ToResult());
        await _app.StartAsync().WithinPatience();
    }

    /// <summary>Stops the node, and ends its streams in order.</summary>
    internal async Task StopAsync()
    {
        await _app.StopAsync().WithinPatience();
        await DisposeAsync();
    }

    /// <summary>Stops the node, and aborts its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().WithinPatience();
        await _node.DisposeAsync().WithinPatience();
    }
}
