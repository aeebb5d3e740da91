using System.Globalization;
using Microsoft.AspNetCore.Builder;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the endpoints of the ASP.NET Core package with the <c>EventSource</c> of a browser.</summary>
public sealed class EventSourceTests(Chromium chromium) : IClassFixture<Chromium>
{
    [SkippableFact]
    public async Task Server_RestartsDuringStream_PageResumesWithoutLossOrRepeat()
    {
        const int restarts = 3;
        using var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1_000, ReconnectionInterval = TimeSpan.FromMilliseconds(50) });
        var published = new List<string>();
        var server = await PublisherServer.StartAsync(publisher, FreePort.Find());
        var address = new Uri(server.Urls.Single());
        await using var page = await EventSourcePage.OpenAsync(chromium, address);
        await page.WaitForAsync("log.includes('open')");

        for (var restart = 0; restart < restarts; restart++)
        {
            PublishTen();
            await page.WaitForAsync($"log.includes('{published[^1]}')");
            PublishTen();
            await server.DisposeAsync();
            PublishTen();
            server = await PublisherServer.StartAsync(publisher, address.Port);
            PublishTen();
        }

        await page.WaitForAsync($"log.includes('{published[^1]}')");
        (await page.MessagesAsync()).Should().Equal(published);
        await server.DisposeAsync();

        void PublishTen()
        {
            for (var i = 0; i < 10; i++)
            {
                published.Add(published.Count.ToString(CultureInfo.InvariantCulture));
                publisher.Publish(published[^1]);
            }
        }
    }

    [SkippableFact]
    public async Task NoContent_ToReconnect_StopsClientForever()
    {
        using var publisher = NewPublisher();
        var requests = 0;
        await using var server = await PublisherServer.StartAsync(publisher, map: app => app.MapServerSentEvents(
            "/events", _ => Interlocked.Increment(ref requests) == 1 ? new SubscribeOptions<object?>() : null));
        await using var page = await EventSourcePage.OpenAsync(chromium, new Uri(server.Urls.Single()));
        await page.WaitForAsync("log.includes('open')");

        publisher.Close();

        await page.WaitForAsync("source.readyState === EventSource.CLOSED");
        requests.Should().Be(2);
    }

    [SkippableFact]
    public async Task ReconnectionInterval_Short_IsHonored()
    {
        const int times = 15;
        using var publisher = NewPublisher();
        await using var server = await PublisherServer.StartAsync(publisher);
        await using var page = await EventSourcePage.OpenAsync(chromium, new Uri(server.Urls.Single()));
        var reconnections = new List<TimeSpan>();
        await page.WaitForOpensAsync(1);

        for (var i = 1; i <= times; i++)
        {
            var start = TimeProvider.System.GetTimestamp();
            publisher.Close();
            await page.WaitForOpensAsync(i + 1);
            reconnections.Add(TimeProvider.System.GetElapsedTime(start));
        }

        reconnections.Min().Should().BeLessThan(TimeSpan.FromSeconds(2.5), "without an interval, Chromium waits 3 seconds each time");
    }

    [SkippableFact]
    public async Task ReconnectionInterval_Long_IsHonored()
    {
        using var publisher = NewPublisher(TimeSpan.FromSeconds(5));
        await using var server = await PublisherServer.StartAsync(publisher);
        await using var page = await EventSourcePage.OpenAsync(chromium, new Uri(server.Urls.Single()));
        await page.WaitForAsync("log.includes('open')");
        var start = TimeProvider.System.GetTimestamp();

        publisher.Close();
        await page.WaitForOpensAsync(2);

        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(4.9), "without an interval, Chromium waits 3 seconds");
    }

    [SkippableFact]
    public async Task RequireCors_PageOfAnotherOrigin_ReadsTheStreamWithItsCookie()
    {
        using var publisher = NewPublisher();
        await using var pages = await PublisherServer.StartAsync(publisher);
        var origin = pages.Urls.Single();
        await using var server = await PublisherServer.StartAsync(publisher, map: app =>
        {
            app.UseCors();
            app.MapServerSentEvents(
                    "/events", context => new SubscribeOptions<object?> { Properties = context.Request.Cookies["name"] })
                .RequireCors(policy => policy.WithOrigins(origin).AllowCredentials());
            app.MapServerSentEvents("/closed");
        });
        var events = server.Urls.Single();

        await using var page = await EventSourcePage.OpenAsync(chromium, new Uri(origin), $"{events}/events");
        await page.WaitForAsync("log.includes('open')");
        publisher.Publish(name => $"Hello, {name}");
        await page.WaitForAsync("log.includes('Hello, Ann')");

        await using var refused = await EventSourcePage.OpenAsync(chromium, new Uri(origin), $"{events}/closed");
        await refused.WaitForAsync("source.readyState === EventSource.CLOSED");
        (await refused.LogAsync()).Should().Equal("closed");
    }

    private static Publisher NewPublisher(TimeSpan? reconnectionInterval = null) =>
        new(new PublisherOptions { ReconnectionInterval = reconnectionInterval ?? TimeSpan.FromMilliseconds(10) });
}
