using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Client.Tests;

/// <summary>
/// An application on Kestrel that can stop and start again on the same ports, one for each version of HTTP. Its publisher lives
/// longer, so that clients can resume.
/// </summary>
internal sealed class RestartableHost : IAsyncDisposable
{
    private readonly Publisher _publisher;
    private readonly int[] _ports = [.. FreePort.Find(2)];
    private WebApplication? _app;

    private RestartableHost(Publisher publisher) => _publisher = publisher;

    internal static async Task<RestartableHost> StartAsync(Publisher publisher)
    {
        var host = new RestartableHost(publisher);
        await host.StartAsync();
        return host;
    }

    /// <summary>Returns the address of the event stream for a version of HTTP.</summary>
    internal Uri AddressOf(int version) => new($"http://127.0.0.1:{_ports[version - 1]}/");

    internal async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, _ports[0], listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, _ports[1], listen => listen.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        _app.MapGet("/", (HttpContext context) => _publisher.Subscribe(new SubscribeOptions<object?>
        {
            LastEventId = context.Request.Headers["Last-Event-ID"],
        }).ToResult());
        await _app.StartAsync().WaitAsync(Limits.Patience);
    }

    internal async Task StopAsync()
    {
        await _app!.StopAsync().WaitAsync(Limits.Patience);
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await _app!.DisposeAsync();
}
