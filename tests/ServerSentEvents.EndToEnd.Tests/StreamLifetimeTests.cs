using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents.AspNetCore;
using ServerSentEvents.AspNetCore.Tests;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests streams of a browser that end by time. The server's clock is fake, and the browser's clock is real.</summary>
public sealed class StreamLifetimeTests : IClassFixture<Chromium>, IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly Chromium _chromium;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private readonly Publisher _publisher = new(new PublisherOptions
    {
        HistoryCapacity = 100,
        ReconnectionInterval = TimeSpan.FromMilliseconds(10),
    });

    private readonly ConcurrentQueue<Subscription<object?>> _subscriptions = [];
    private readonly List<string> _published = [];

    public StreamLifetimeTests(Chromium chromium)
    {
        _chromium = chromium;
        _publisher.Subscribed += (_, e) => _subscriptions.Enqueue(e.Subscription);
    }

    public void Dispose() => _publisher.Dispose();

    [SkippableFact]
    public async Task MaxStreamAge_IsReachedRepeatedly_PageResumesAndGetsEachEventOnce()
    {
        await using var server = await PublisherServer.StartAsync(_publisher, configure: AddTimes(maxStreamAge: Hour));
        await using var page = await EventSourcePage.OpenAsync(_chromium, new Uri(server.Urls.Single()));

        for (var opens = 1; opens <= 4; opens++)
        {
            await page.WaitForOpensAsync(opens);
            await PublishAndWaitAsync(page);
            // The stream delivers this event before its end, or the next stream replays it.
            Publish();
            _time.Advance(Hour);
            Publish();
        }

        await PublishAndWaitAsync(page);
        await ShouldHaveResumedAsync(page, streams: 5);
    }

    [SkippableFact]
    public async Task Cookie_Expires_PageIsClosedAndResumesAfterASignIn()
    {
        await using var server = await StartWithCookiesAsync(slides: false);
        await using var page = await SignInAsync(server);
        await page.WaitForOpensAsync(1);
        await PublishAndWaitAsync(page);

        _time.Advance(Hour);

        await page.WaitForAsync("source.readyState === EventSource.CLOSED");
        (await page.LogAsync()).Should().Equal("open", _published[0], "error", "closed");
        Publish();
        await page.RunAsync(
            $"fetch('{SignIns.Path}').then(() => connect('/events?lastEventId=' + encodeURIComponent(lastEventId)))");
        await page.WaitForOpensAsync(2);
        await PublishAndWaitAsync(page);
        (await page.MessagesAsync()).Should().Equal(_published);
    }

    [SkippableFact]
    public async Task SlidingCookie_OtherRequestOfThePageRenewsIt_PageResumesAtTheFirstExpiration()
    {
        await using var server = await StartWithCookiesAsync(slides: true);
        await using var page = await SignInAsync(server);
        await page.WaitForOpensAsync(1);
        await PublishAndWaitAsync(page);

        _time.Advance(0.75 * Hour);
        await page.RunAsync("fetch('/other')");
        _subscriptions.Single().EndReason.Should().BeNull();
        _time.Advance(0.25 * Hour);
        Publish();

        await page.WaitForOpensAsync(2);
        await PublishAndWaitAsync(page);
        await ShouldHaveResumedAsync(page, streams: 2);
    }

    [SkippableFact]
    public async Task SlidingCookie_MaxStreamAgeBelowHalfOfItsLifetime_StreamsAloneKeepThePageSignedIn()
    {
        await using var server = await StartWithCookiesAsync(slides: true, maxStreamAge: 0.4 * Hour);
        await using var page = await SignInAsync(server);

        for (var opens = 1; opens <= 6; opens++)
        {
            await page.WaitForOpensAsync(opens);
            await PublishAndWaitAsync(page);
            _time.Advance(0.4 * Hour);
        }

        await PublishAndWaitAsync(page);
        await ShouldHaveResumedAsync(page, streams: 7);
    }

    private Task<WebApplication> StartWithCookiesAsync(bool slides, TimeSpan? maxStreamAge = null) => PublisherServer.StartAsync(
        _publisher,
        map: app =>
        {
            SignIns.MapSignIn(app);
            app.MapServerSentEvents("/events").RequireAuthorization();
            app.MapGet("/other", () => "").RequireAuthorization();
        },
        configure: AddTimes(maxStreamAge) + (services => SignIns.AddCookies(services, Hour, slides)));

    private Action<IServiceCollection> AddTimes(TimeSpan? maxStreamAge) => services => services
        .AddSingleton<TimeProvider>(_time)
        .Configure<EventStreamOptions>(options => options.MaxStreamAge = maxStreamAge);

    /// <summary>Opens a page that signs in, and a stream in it.</summary>
    private Task<EventSourcePage> SignInAsync(WebApplication server) =>
        EventSourcePage.OpenAsync(_chromium, new Uri(new Uri(server.Urls.Single()), SignIns.Path));

    private void Publish()
    {
        _published.Add(_published.Count.ToString(CultureInfo.InvariantCulture));
        _publisher.Publish(_published[^1]);
    }

    private async Task PublishAndWaitAsync(EventSourcePage page)
    {
        Publish();
        await page.WaitForAsync($"log.includes('{_published[^1]}')");
    }

    /// <summary>Checks that all streams but the last ended in order, and that the browser resumed after each of them.</summary>
    private async Task ShouldHaveResumedAsync(EventSourcePage page, int streams)
    {
        (await page.MessagesAsync()).Should().Equal(_published);
        (await page.LogAsync()).Should().NotContain("closed");
        await Limits.UntilAsync(() => _subscriptions.Count == streams);
        _subscriptions.Select(subscription => subscription.Resume).Should()
            .Equal(Enumerable.Range(0, streams).Select(number => number == 0 ? ResumeResult.NotRequested : ResumeResult.Resumed));
        _subscriptions.SkipLast(1).Should().OnlyContain(subscription => subscription.EndReason == SubscriptionEndReason.Closed);
    }
}
