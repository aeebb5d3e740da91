using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Clients that are gone while their connections are there: nothing says so, but that nothing is taken any more.</summary>
[Collection(nameof(RunAlone))]
public sealed class VanishedClientsTests
{
    private const int Staying = 700;
    private const int Vanishing = 300;
    private const int QueueCapacity = 4;

    /// <summary>The time between two looks for clients that take nothing.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    /// <summary>More than what is on its way and what the server keeps for one client, in a few of them.</summary>
    private static readonly string Padding = new('x', 16 * 1024);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Vanished_300Of1000_AreDroppedWithTheirConnectionsAndTheOthersGetEverything()
    {
        await using var app = await StartAsync();
        var http = app.NewClient();
        var staying = await Task.WhenAll(Enumerable.Range(0, Staying).Select(_ => EventStreamClient.OpenAsync(http, "/events")));
        var vanishing = new List<RawClient>();
        for (var i = 0; i < Vanishing; i++)
            vanishing.Add(await OpenAndStopReadingAsync(app, HttpVersion.Version11));
        app.Publisher.GetSubscribers().Should().HaveCount(Staying + Vanishing);

        var published = 0;
        while (app.Publisher.GetSubscribers().Count > Staying)
            await PublishToAllAsync(app, staying, published++);
        published.Should().BeLessThan(100, "a client that takes nothing is noticed by what is left for it");
        app.Publisher.GetSubscribers().Should().HaveCount(Staying);

        // The first look sees what is left to whom, and the second that it still is.
        _time.AdvanceInTurn(Look, Look, TimeSpan.FromSeconds(1));
        foreach (var client in vanishing)
            (await client.IsCutOffAsync()).Should().BeTrue("nobody who came back would take it for the end of the stream");
        await PublishToAllAsync(app, staying, published);

        await Eventually.HoldsAsync(() => EndsLogged(app) == Vanishing);
        app.Log.Ours.Where(entry => entry.Id == 7).Should().HaveCount(Vanishing);
        app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
        Array.ForEach(staying, client => client.Dispose());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Vanished_StreamThatHasOverflowed_IsCutOffWhenNothingWasTakenForAWhile(string version)
    {
        await using var app = await StartAsync();
        using var client = await OpenAndStopReadingAsync(app, Version.Parse(version));
        await OverflowAsync(app);
        EndsLogged(app).Should().Be(0);

        _time.AdvanceInTurn(Look, TimeSpan.FromSeconds(29));
        EndsLogged(app).Should().Be(0);
        _time.AdvanceInTurn(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.5));
        // Over HTTP/2 the connection takes nothing at all, and with it not even the end of one of its streams.
        _time.Advance(TimeSpan.FromSeconds(0.5));

        await Eventually.HoldsAsync(() => EndsLogged(app) == 1);
        app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
    }

    [Fact]
    public async Task SlowClient_TakesSomethingBetweenTheLooks_GetsAllThatWasQueued()
    {
        await using var app = await StartAsync(queueCapacity: 100);
        using var client = await OpenAndStopReadingAsync(app, HttpVersion.Version11);
        var subscription = await OverflowAsync(app);

        while (subscription.QueuedEvents > 0)
        {
            _time.Advance(Look);
            var before = subscription.QueuedEvents;
            while (before > 0 && subscription.QueuedEvents == before)
                await client.ReadSomeAsync();
        }

        (await client.ReadToAsync("\r\n0\r\n\r\n")).Should().EndWith("\n\n\r\n0\r\n\r\n", "the stream has ended behind its last event");
        await Eventually.HoldsAsync(() => EndsLogged(app) == 1);
        app.Log.Ours.Should().NotContain(entry => entry.Id == 7);
    }

    [Fact]
    public async Task SlowClient_StreamThatHasNotEnded_IsLeftAlone()
    {
        await using var app = await StartAsync();
        using var client = await OpenAndStopReadingAsync(app, HttpVersion.Version11);
        app.Publisher.Publish("hello");

        for (var i = 0; i < 20; i++)
            _time.Advance(Look);

        (await client.ReadToAsync("data: hello\n\n")).Should().NotBeNull();
        app.Publisher.GetSubscribers().Should().ContainSingle();
    }

    private Task<TestApplication> StartAsync(int queueCapacity = QueueCapacity) => TestApplication.StartAsync(builder =>
    {
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddServerSentEvents(options => options.QueueCapacity = queueCapacity);
        SmallBuffers.Set(builder.Services);
    });

    private static async Task<RawClient> OpenAndStopReadingAsync(TestApplication app, Version version)
    {
        var client = await RawClient.ConnectAsync(app.AddressOf(version), SmallBuffers.Size);
        await (version.Major == 2 ? client.GetByHttp2Async("/events") : client.GetAsync("/events"));
        await client.ReadToAsync("text/event-stream");
        return client;
    }

    private static async Task<Subscription<object?>> OverflowAsync(TestApplication app)
    {
        await Eventually.HoldsAsync(() => app.Publisher.GetSubscribers().Count == 1);
        var subscription = app.Publisher.GetSubscribers().Single();
        await Eventually.HoldsAsync(() =>
        {
            app.Publisher.Publish(Padding);
            return subscription.EndReason == SubscriptionEndReason.Overflowed;
        });
        return subscription;
    }

    /// <summary>The next event only when all who stay have had the last one: none of them is slow.</summary>
    private static async Task PublishToAllAsync(TestApplication app, EventStreamClient[] staying, int number)
    {
        var text = $"{number.ToString(CultureInfo.InvariantCulture)} {Padding}";
        app.Publisher.Publish(text);
        foreach (var received in await Task.WhenAll(staying.Select(client => client.NextDataAsync())))
            received.Should().Be(text);
    }

    private static int EndsLogged(TestApplication app) => app.Log.Ours.Count(entry => entry.Id == 2);
}
