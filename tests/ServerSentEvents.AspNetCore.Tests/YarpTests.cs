using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;
using Yarp.ReverseProxy.Configuration;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests streams through YARP with its defaults. It holds back headers until the first byte of the body.</summary>
public sealed class YarpTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Open_NothingIsPublished_GetsTheHeadersAtOnce(string path)
    {
        // Without heartbeats, only the first byte makes YARP send the headers.
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            app.MapServerSentEvents("/events");
            app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
            app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
        });
        await using var proxy = await StartProxyAsync(app.AddressOf(HttpVersion.Version11));
        using var http = new HttpClient { BaseAddress = new Uri(proxy.Urls.Single()) };

        using var client = await LineClient.OpenAsync(http, path);

        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    [Trait("Category", "Measurement")]
    public async Task Open_ThroughYarp_GetsTheFirstByteWithinASecond()
    {
        await using var app = await TestApplication.StartAsync();
        await using var proxy = await StartProxyAsync(app.AddressOf(HttpVersion.Version11));
        using var throughProxy = new HttpClient { BaseAddress = new Uri(proxy.Urls.Single()) };
        var direct = app.NewClient();
        var times = new Dictionary<HttpClient, List<TimeSpan>> { [direct] = [], [throughProxy] = [] };

        for (var round = 0; round < 51; round++)
        {
            foreach (var (http, measured) in times)
            {
                var start = Stopwatch.GetTimestamp();
                await using var stream = await http.GetStreamAsync(new Uri("/events", UriKind.Relative)).WaitAsync(Limits.Patience);
                await stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Limits.Patience);
                measured.Add(Stopwatch.GetElapsedTime(start));
            }
        }

        output.WriteLine($"Median until the first byte: direct {MedianOf(direct)}, through YARP {MedianOf(throughProxy)}.");
        MedianOf(throughProxy).Should().BeLessThan(TimeSpan.FromSeconds(1));

        TimeSpan MedianOf(HttpClient http) => times[http].Order().ElementAt(25);
    }

    private static async Task<WebApplication> StartProxyAsync(Uri destination)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "app", Match = new RouteMatch { Path = "{**path}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "app",
                    Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
                    {
                        ["only"] = new() { Address = destination.ToString() },
                    },
                },
            ]);
        var proxy = builder.Build();
        proxy.MapReverseProxy();
        await proxy.StartAsync().WaitAsync(Limits.Patience);
        return proxy;
    }
}
