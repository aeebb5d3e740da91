using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>An application on Kestrel with three free ports: for HTTP/1, for HTTP/2 without TLS, and for both with TLS.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    /// <summary>A time well below <see cref="ShutdownTimeout"/>, for which a host waits for a stream that does not end.</summary>
    internal static readonly TimeSpan FarBelowTheHostsTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The shutdown timeout of the host. A busy machine can exceed the default of 30 seconds.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(100);

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
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(
                TestCertificate.Instance, https => https.HandshakeTimeout = Limits.Patience));
        });
        return builder;
    }

    /// <summary>
    /// Starts an application. By default, it has a publisher whose default channel is at /events. That publisher sends no
    /// heartbeats, so that no heartbeat hides a missing flush.
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
        await app.StartAsync().WaitAsync(Limits.Patience);
        return new TestApplication(app, log);
    }

    /// <summary>Returns the address of the application for a version of HTTP.</summary>
    internal Uri AddressOf(Version version, bool tls = false) => new(_app.Urls.ElementAt(tls ? 2 : version.Major - 1));

    /// <summary>Returns a client that sends its requests in a version of HTTP, and that the application disposes.</summary>
    internal HttpClient NewClient(Version? version = null, bool tls = false, SocketsHttpHandler? handler = null)
    {
        version ??= HttpVersion.Version11;
        handler ??= new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = TestCertificate.IsThis;
        var client = new HttpClient(handler)
        {
            BaseAddress = AddressOf(version, tls),
            Timeout = Limits.Patience,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _clients.Add(client);
        return client;
    }

    internal Task<LineClient> OpenAsync(string path = "/events", Version? version = null, bool tls = false) =>
        LineClient.OpenAsync(NewClient(version, tls), path);

    /// <summary>Signs in. Returns a client that sends the cookie.</summary>
    internal async Task<HttpClient> SignInAsync()
    {
        var client = NewClient();
        using var response = await client.GetAsync(SignIns.Path);
        response.EnsureSuccessStatusCode();
        return client;
    }

    internal Task<RawClient> ConnectAsync(Version? version = null) =>
        RawClient.ConnectAsync(AddressOf(version ?? HttpVersion.Version11));

    /// <summary>
    /// Waits until a subscription has lost its client. Kestrel cancels the request and completes the pipe of its response, in any
    /// order. The subscription ends by what it sees first.
    /// </summary>
    internal static async Task ShouldHaveLostItsClientAsync(Subscription<object?> subscription)
    {
        await Limits.UntilAsync(() => subscription.EndReason is not null, "the client has gone");
        subscription.EndReason.Should().BeOneOf(SubscriptionEndReason.Canceled, SubscriptionEndReason.Unsubscribed);
    }

    /// <summary>Waits until the server can write nothing more to the client.</summary>
    internal static async Task NothingMovesAsync(Subscription<object?> subscription)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        var (before, unchanged) = (-1L, 0);
        // One second without a change: on a busy machine, the server can pause for less.
        while (unchanged < 4)
        {
            await pause.WaitForNextTickAsync();
            var now = subscription.QueuedBytes;
            unchanged = now == before ? unchanged + 1 : 0;
            before = now;
        }
    }

    /// <summary>Stops the application, which waits for all requests.</summary>
    internal Task StopAsync() => _app.StopAsync().WaitAsync(Limits.Patience);

    /// <summary>Stops the application. Returns how long the stop took.</summary>
    internal async Task<TimeSpan> StopAndTimeAsync()
    {
        var watch = Stopwatch.StartNew();
        await StopAsync();
        return watch.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _app.DisposeAsync().AsTask().WaitAsync(Limits.Patience);
    }
}
