using System.Net;
using System.Net.ServerSentEvents;
using ServerSentEvents.Client;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests <see cref="EventStreamOptions.CloseOnAuthenticationExpiration"/>.</summary>
public sealed class AuthenticationExpirationTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>The validation of tokens uses the system's clock, so the tests' clock starts at the same time.</summary>
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Cookie_Expires_EndsTheStreamAndTheSessionButResumesAfterASignIn()
    {
        await using var app = await LifetimeApplication.StartWithCookiesAsync(_time, Hour);
        var http = await app.SignInAsync();
        var ends = new List<EventStreamDisconnection>();
        var options = new EventStreamClientOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(100), Disconnected = ends.Add };
        await using var events = new EventStreamClient(http, options).ReadAsync(async token =>
        {
            if (ends is [.., { StatusCode: HttpStatusCode.Unauthorized }])
                (await http.GetAsync(SignIns.Path, token)).Dispose();
            return new HttpRequestMessage(HttpMethod.Get, "/events");
        }).GetAsyncEnumerator();
        var before = events.MoveNextAsync().AsTask();
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
        var subscription = app.Publisher.GetSubscribers().Single();
        app.Publisher.Publish(new SseItem<string>("before") { EventId = "1" });
        (await before.WithinPatience()).Should().BeTrue();

        _time.Advance(Hour - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        app.Publisher.Publish("missed");
        (await events.MoveNextAsync().AsTask().WithinPatience()).Should().BeTrue();
        events.Current.Data.Should().Be("missed");
        ends.Select(end => (end.Reason, end.StatusCode)).Should().Equal(
            (EventStreamEndReason.EndOfStream, null), (EventStreamEndReason.UnexpectedStatus, HttpStatusCode.Unauthorized));
        app.Log.AboveDebug.Should().NotContain(entry => entry.Category == CapturedLog.OurCategory);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task Cookie_ExpiresBeyondTheRangeOfTimers_EndsTheStreamThen(string path)
    {
        await using var app = await LifetimeApplication.StartWithCookiesAsync(_time, TimeSpan.FromDays(100));
        using var client = await LineClient.OpenAsync(await app.SignInAsync(), path);
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
        await using var app = await LifetimeApplication.StartWithCookiesAsync(_time, Hour, slides: true);
        var http = await app.SignInAsync();
        using var client = await LineClient.OpenAsync(http, "/events");

        _time.Advance(0.75 * Hour);
        (await StatusAsync(http, "/other")).Should().Be(HttpStatusCode.OK);
        _time.Advance(0.25 * Hour);

        (await client.RestAsync()).Should().BeEmpty();
        using var second = await LineClient.OpenAsync(http, "/events");
        var subscription = app.Publisher.GetSubscribers().Single();
        _time.Advance(0.75 * Hour - Second);
        subscription.EndReason.Should().BeNull("the other request has renewed the cookie for an hour");
        _time.Advance(Second);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task SlidingCookie_MaxStreamAgeBelowHalfOfItsLifetime_IsRenewedByStreamsAlone()
    {
        await using var app = await LifetimeApplication.StartWithCookiesAsync(_time, Hour, slides: true, options => options.MaxStreamAge = 0.4 * Hour);
        var http = await app.SignInAsync();
        for (var i = 0; i < 10; i++)
        {
            using var client = await LineClient.OpenAsync(http, "/events");
            _time.Advance(0.4 * Hour);
            (await client.RestAsync()).Should().BeEmpty();
        }

        (await StatusAsync(http, "/other")).Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task Token_Expires_EndsTheStream(string path)
    {
        await using var app = await LifetimeApplication.StartWithTokensAsync(_time);
        var http = NewClient(app, _time.GetUtcNow() + Hour);
        using var client = await LineClient.OpenAsync(http, path);
        var subscription = app.Publisher.GetSubscribers().Single();

        // The times of a token are whole seconds.
        _time.Advance(Hour - (2 * Second));
        subscription.EndReason.Should().BeNull();
        _time.Advance(2 * Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task Token_HasExpiredWithinTheClockSkew_EndsTheStreamAfter30Seconds(string path)
    {
        await using var app = await LifetimeApplication.StartWithTokensAsync(_time);
        var http = NewClient(app, _time.GetUtcNow() - TimeSpan.FromMinutes(1));
        using var client = await LineClient.OpenAsync(http, path);
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
        await using var app = await LifetimeApplication.StartWithTokensAsync(_time, options => options.CloseOnAuthenticationExpiration = false);
        using var client = await LineClient.OpenAsync(NewClient(app, _time.GetUtcNow() + Hour), "/events");

        await AdvanceAndReceiveAsync(app, client);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Anonymous_AfterDays_StaysOpen(string path)
    {
        await using var app = await LifetimeApplication.StartAsync(_time);
        using var client = await app.OpenAsync(path);

        await AdvanceAndReceiveAsync(app, client);
    }

    private async Task AdvanceAndReceiveAsync(TestApplication app, LineClient client)
    {
        for (var day = 0; day < 100; day++)
            _time.Advance(TimeSpan.FromDays(1));
        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    private static HttpClient NewClient(TestApplication app, DateTimeOffset expiration)
    {
        var http = app.NewClient();
        http.DefaultRequestHeaders.Authorization = Tokens.Until(expiration);
        return http;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path = "/events")
    {
        using var response = await http.GetAsync(path).WaitAsync(Limits.Patience);
        return response.StatusCode;
    }
}
