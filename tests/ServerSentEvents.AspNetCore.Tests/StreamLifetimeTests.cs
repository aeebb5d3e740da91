using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Streams that end when their authentication expires, or at their maximum age.</summary>
public sealed class StreamLifetimeTests
{
    private const int LifetimeOver = 10;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>The validation of tokens uses the system's clock, so the tests' clock starts at the same time.</summary>
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Cookie_Expires_EndsTheStreamAndTheSessionButResumesAfterASignIn()
    {
        await using var app = await StartWithCookiesAsync(Hour);
        var http = await SignIns.SignInAsync(app);
        using var client = await EventStreamClient.OpenAsync(http, "/events");
        var subscription = app.Publisher.GetSubscribers().Single();
        app.Publisher.Publish(new SseItem<string>("before") { EventId = "1" });

        _time.Advance(Hour - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().Be("data: before\nid: 1\n\n");
        app.Publisher.Publish("missed");
        (await StatusAsync(http)).Should().Be(HttpStatusCode.Unauthorized);
        var again = await SignIns.SignInAsync(app);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events") { Headers = { { "Last-Event-ID", "1" } } };
        using var resumed = await EventStreamClient.OpenAsync(again, request);
        (await resumed.NextDataAsync()).Should().Be("missed");
        app.Log.AboveDebug.Should().NotContain(entry => entry.Category == CapturedLog.OurCategory);
    }

    [Fact]
    public async Task Cookie_ExpiresBeyondTheRangeOfTimers_EndsTheStreamThen()
    {
        await using var app = await StartWithCookiesAsync(TimeSpan.FromDays(100));
        using var client = await EventStreamClient.OpenAsync(await SignIns.SignInAsync(app), "/events");
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance(TimeSpan.FromDays(100) - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task SlidingCookie_OtherRequestRenewsIt_EndsAtTheFirstExpirationAndReconnects()
    {
        await using var app = await StartWithCookiesAsync(Hour, slides: true);
        var http = await SignIns.SignInAsync(app);
        using var client = await EventStreamClient.OpenAsync(http, "/events");

        _time.Advance(0.75 * Hour);
        (await StatusAsync(http, "/other")).Should().Be(HttpStatusCode.OK);
        _time.Advance(0.25 * Hour);

        (await client.RestAsync()).Should().BeEmpty();
        using var second = await EventStreamClient.OpenAsync(http, "/events");
        var subscription = app.Publisher.GetSubscribers().Single();
        _time.Advance(0.75 * Hour - Second);
        subscription.EndReason.Should().BeNull("the other request has renewed the cookie for an hour");
        _time.Advance(Second);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task SlidingCookie_MaxStreamAgeBelowHalfOfItsLifetime_IsRenewedByStreamsAlone()
    {
        await using var app = await StartWithCookiesAsync(Hour, slides: true, options => options.MaxStreamAge = 0.4 * Hour);
        var http = await SignIns.SignInAsync(app);
        for (var i = 0; i < 10; i++)
        {
            using var client = await EventStreamClient.OpenAsync(http, "/events");
            _time.Advance(0.4 * Hour);
            (await client.RestAsync()).Should().BeEmpty();
        }

        (await StatusAsync(http, "/other")).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Token_Expires_EndsTheStream()
    {
        await using var app = await StartWithTokensAsync();
        var http = NewClient(app, _time.GetUtcNow() + Hour);
        using var client = await EventStreamClient.OpenAsync(http, "/events");
        var subscription = app.Publisher.GetSubscribers().Single();

        // The times of a token are whole seconds.
        _time.Advance(Hour - (2 * Second));
        subscription.EndReason.Should().BeNull();
        _time.Advance(2 * Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Token_HasExpiredWithinTheClockSkew_EndsTheStreamAfter30Seconds()
    {
        await using var app = await StartWithTokensAsync();
        var http = NewClient(app, _time.GetUtcNow() - TimeSpan.FromMinutes(1));
        using var client = await EventStreamClient.OpenAsync(http, "/events");
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance(TimeSpan.FromSeconds(29));
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Token_CloseOnAuthenticationExpirationIsFalse_LeavesTheStreamOpen()
    {
        await using var app = await StartWithTokensAsync(options => options.CloseOnAuthenticationExpiration = false);
        using var client = await EventStreamClient.OpenAsync(NewClient(app, _time.GetUtcNow() + Hour), "/events");

        await AdvanceAndReceiveAsync(app, client);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task Anonymous_AfterDays_StaysOpen(string path)
    {
        await using var app = await StartAsync();
        using var client = await app.OpenAsync(path);

        await AdvanceAndReceiveAsync(app, client);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task MaxStreamAge_IsReached_EndsTheStream(string path)
    {
        await using var app = await StartAsync(options => options.MaxStreamAge = Hour);
        using var client = await app.OpenAsync(path);
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance(Hour - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
        app.Log.Ours.Should().ContainSingle(entry => entry.Id == LifetimeOver);
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(2, 1)]
    public async Task MaxStreamAge_WithAuthentication_AppliesTheEarlierTime(double hours, double expectedHours)
    {
        await using var app = await StartWithCookiesAsync(Hour, configure: options => options.MaxStreamAge = hours * Hour);
        using var client = await EventStreamClient.OpenAsync(await SignIns.SignInAsync(app), "/events");
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance((expectedHours * Hour) - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task MaxStreamAge_StreamHasEndedBefore_DoesNothingLater()
    {
        await using var app = await StartAsync(options => options.MaxStreamAge = Hour);
        using var client = await app.OpenAsync();
        app.Publisher.Close();
        (await client.RestAsync()).Should().BeEmpty();
        // The request is over when the server has stopped.
        await app.StopAsync();

        _time.Advance(Hour);

        app.Log.Ours.Should().NotContain(entry => entry.Id == LifetimeOver);
    }

    [Fact]
    public async Task MaxStreamAge_HandlerThrows_IsLoggedAndEndsTheStream()
    {
        await using var app = await StartAsync(options => options.MaxStreamAge = Hour);
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        using var client = await app.OpenAsync();

        _time.Advance(Hour);

        (await client.RestAsync()).Should().BeEmpty();
        app.Log.AboveDebug.Should().ContainSingle(entry => entry.Id == 8);
    }

    private async Task AdvanceAndReceiveAsync(TestApplication app, EventStreamClient client)
    {
        for (var day = 0; day < 100; day++)
            _time.Advance(TimeSpan.FromDays(1));
        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    private static HttpClient NewClient(TestApplication app, DateTimeOffset expiration)
    {
        var http = app.NewClient();
        http.DefaultRequestHeaders.Authorization = SignIns.TokenUntil(expiration);
        return http;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path = "/events")
    {
        using var response = await http.GetAsync(path).WaitAsync(Streams.Limit);
        return response.StatusCode;
    }

    private Task<TestApplication> StartWithCookiesAsync(
        TimeSpan lifetime, bool slides = false, Action<EventStreamOptions>? configure = null) => TestApplication.StartAsync(
        builder =>
        {
            AddEvents(builder, configure);
            SignIns.AddCookies(builder.Services, lifetime, slides);
        },
        app =>
        {
            SignIns.MapSignIn(app);
            app.MapServerSentEvents("/events").RequireAuthorization();
            app.MapGet("/other", () => "").RequireAuthorization();
        });

    private Task<TestApplication> StartWithTokensAsync(Action<EventStreamOptions>? configure = null) =>
        TestApplication.StartAsync(
            builder =>
            {
                AddEvents(builder, configure);
                SignIns.AddTokens(builder.Services);
            },
            app => app.MapServerSentEvents("/events").RequireAuthorization());

    private Task<TestApplication> StartAsync(Action<EventStreamOptions>? configure = null) => TestApplication.StartAsync(
        builder => AddEvents(builder, configure),
        app =>
        {
            app.MapServerSentEvents("/events");
            app.MapGet("/result", (Publisher publisher) => publisher.Subscribe().ToResult());
        });

    private void AddEvents(WebApplicationBuilder builder, Action<EventStreamOptions>? configure)
    {
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddServerSentEvents(options => (options.HeartbeatInterval, options.HistoryCapacity) = (null, 10));
        if (configure is not null)
            builder.Services.Configure(configure);
    }
}
