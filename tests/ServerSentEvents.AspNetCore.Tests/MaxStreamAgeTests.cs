namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests <see cref="EventStreamOptions.MaxStreamAge"/>.</summary>
public sealed class MaxStreamAgeTests
{
    private const int LifetimeOver = 10;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task MaxStreamAge_IsReached_EndsTheStream(string path)
    {
        await using var app = await LifetimeApplication.StartAsync(_time, options => options.MaxStreamAge = Hour);
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
        await using var app = await LifetimeApplication.StartWithCookiesAsync(_time, Hour, configure: options => options.MaxStreamAge = hours * Hour);
        using var client = await LineClient.OpenAsync(await app.SignInAsync(), "/events");
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance((expectedHours * Hour) - Second);
        subscription.EndReason.Should().BeNull();
        _time.Advance(Second);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task MaxStreamAge_StreamHasEndedBefore_DoesNothingLater()
    {
        await using var app = await LifetimeApplication.StartAsync(_time, options => options.MaxStreamAge = Hour);
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
        await using var app = await LifetimeApplication.StartAsync(_time, options => options.MaxStreamAge = Hour);
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        using var client = await app.OpenAsync();

        _time.Advance(Hour);

        (await client.RestAsync()).Should().BeEmpty();
        app.Log.AboveDebug.Should().ContainSingle(entry => entry.Id == 8);
    }
}
