using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests streams through nginx, which buffers responses by default.</summary>
public sealed class NginxTests
{
    [SkippableTheory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Events_ThroughDefaultNginx_ArriveBeforeTheNextIsPublished(string path)
    {
        await using var app = await StartAsync();
        using var nginx = await Nginx.StartAsync(app.AddressOf(HttpVersion.Version11));
        using var http = NewClient(nginx);

        // The headers come before anything is published.
        using var client = await LineClient.OpenAsync(http, path);
        for (var i = 0; i < 50; i++)
        {
            app.Publisher.Publish(i.ToString(CultureInfo.InvariantCulture)).Should().Be(1);
            (await client.NextDataAsync()).Should().Be(i.ToString(CultureInfo.InvariantCulture));
        }

        app.Publisher.Close();
        (await client.RestAsync()).Should().Be("\n");
    }

    [SkippableFact]
    public async Task Events_ManyThroughDefaultNginx_ArriveCompleteAndInOrder()
    {
        await using var app = await StartAsync();
        using var nginx = await Nginx.StartAsync(app.AddressOf(HttpVersion.Version11));
        using var http = NewClient(nginx);
        using var client = await LineClient.OpenAsync(http, "/events");
        var text = new string('x', 5_000);

        for (var i = 0; i < 1_000; i++)
            app.Publisher.Publish($"{i} {text}");
        app.Publisher.Close();

        for (var i = 0; i < 1_000; i++)
            (await client.NextDataAsync()).Should().Be($"{i} {text}");
    }

    [SkippableFact]
    public async Task Events_TwoNginxInARow_ArriveWithTheSettingOfTheGuide()
    {
        await using var app = await StartAsync();
        using var inner = await Nginx.StartAsync(app.AddressOf(HttpVersion.Version11), SettingOfTheGuide());
        using var outer = await Nginx.StartAsync(inner.Address);
        using var http = NewClient(outer);

        using var client = await LineClient.OpenAsync(http, "/events");

        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    [SkippableFact]
    public async Task Disconnect_ThroughNginx_Unsubscribes()
    {
        await using var app = await StartAsync();
        using var nginx = await Nginx.StartAsync(app.AddressOf(HttpVersion.Version11));
        using var http = NewClient(nginx);
        var client = await LineClient.OpenAsync(http, "/events");
        app.Publisher.GetSubscribers().Should().ContainSingle();

        client.Dispose();

        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 0);
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [SkippableFact]
    public async Task Stop_ThroughNginx_EndsTheStreamInOrder()
    {
        await using var app = await StartAsync();
        using var nginx = await Nginx.StartAsync(app.AddressOf(HttpVersion.Version11));
        using var http = NewClient(nginx);
        using var client = await LineClient.OpenAsync(http, "/events");

        app.Publisher.Publish("last");
        await app.StopAsync();

        (await client.RestAsync()).Should().Be("data: last\n\n");
    }

    [Fact]
    public void Require_NoNginx_SkipsWithTheCommandAndFailsInCI()
    {
        var skip = () => Nginx.Require(found: false, ci: null);
        var fail = () => Nginx.Require(found: false, ci: "true");
        var found = () => Nginx.Require(found: true, ci: "true");

        skip.Should().Throw<SkipException>().WithMessage("*apt-get install nginx-light*");
        fail.Should().Throw<InvalidOperationException>().WithMessage("*apt-get install nginx-light*");
        found.Should().NotThrow();
    }

    /// <summary>Returns the setting for nginx that the guide names.</summary>
    private static string SettingOfTheGuide()
    {
        var lines = File.ReadAllLines(RepositoryFiles.PathOf("src/ServerSentEvents.AspNetCore/DEPLOYING.md"));
        return lines[Array.IndexOf(lines, "```nginx") + 1];
    }

    /// <summary>Starts an application whose clock stands still, so that no client is cut off on a busy machine.</summary>
    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider())
            .AddServerSentEvents(options => options.QueueCapacityBytes = long.MaxValue),
        app =>
        {
            app.MapServerSentEvents("/events");
            app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
            app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
        });

    private static HttpClient NewClient(Nginx nginx) => new() { BaseAddress = nginx.Address, Timeout = Limits.Patience };
}
