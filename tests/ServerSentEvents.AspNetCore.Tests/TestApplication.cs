using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>An application on Kestrel, at two ports that were free: one for HTTP/1, one for HTTP/2 without TLS.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    /// <summary>A host that is not told of the end of a stream waits for 30 seconds, its default.</summary>
    internal static readonly TimeSpan FarBelowTheHostsTimeout = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly List<HttpClient> _clients = [];

    private TestApplication(WebApplication app, CapturedLog log)
    {
        _app = app;
        Log = log;
    }

    internal CapturedLog Log { get; }

    internal IServiceProvider Services => _app.Services;

    internal Publisher Publisher => Services.GetRequiredService<Publisher>();

    internal IHostApplicationLifetime Lifetime => _app.Lifetime;

    internal static WebApplicationBuilder NewBuilder(CapturedLog log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddFilter(CapturedLog.IsCaptured).AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        return builder;
    }

    /// <summary>
    /// Starts one with a publisher, and its default channel at /events, unless told otherwise. Without heartbeats, so that
    /// nothing comes by one of those.
    /// </summary>
    internal static async Task<TestApplication> StartAsync(
        Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null)
    {
        var log = new CapturedLog();
        var builder = NewBuilder(log);
        configure ??= builder => builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
        configure(builder);
        var app = builder.Build();
        map ??= app => app.MapServerSentEvents("/events");
        map(app);
        await app.StartAsync().WaitAsync(Streams.Limit);
        return new TestApplication(app, log);
    }

    /// <summary>Where it listens for this version.</summary>
    internal Uri AddressOf(Version version) => new(_app.Urls.ElementAt(version.Major - 1));

    internal HttpClient NewClient(Version? version = null)
    {
        version ??= HttpVersion.Version11;
        var client = new HttpClient
        {
            BaseAddress = AddressOf(version),
            Timeout = Streams.Limit,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _clients.Add(client);
        return client;
    }

    internal Task<EventStreamClient> OpenAsync(string path = "/events", Version? version = null) =>
        EventStreamClient.OpenAsync(NewClient(version), path);

    internal Task<RawClient> ConnectAsync(Version? version = null) =>
        RawClient.ConnectAsync(AddressOf(version ?? HttpVersion.Version11));

    /// <summary>Stops it, which waits for all requests.</summary>
    internal Task StopAsync() => _app.StopAsync().WaitAsync(Streams.Limit);

    /// <summary>The same, and how long it took.</summary>
    internal async Task<TimeSpan> StopAndTimeAsync()
    {
        var watch = Stopwatch.StartNew();
        await StopAsync();
        return watch.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _app.DisposeAsync().AsTask().WaitAsync(Streams.Limit);
    }
}
