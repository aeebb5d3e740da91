using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests clients that vanish while their connections stay open. The server notices only that they read nothing.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Slow")]
public sealed class VanishedClientsTests
{
    private const int Staying = 700;
    private const int Vanishing = 300;
    private const int QueueCapacity = 4;

    /// <summary>The default of <see cref="PublisherOptions.LingerTimeout"/>.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(30);

    /// <summary>The time between two checks of the publisher: a quarter of the default heartbeat interval.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3.75);

    /// <summary>The text of one event. A few of these events exceed the buffers between the server and one client.</summary>
    private static readonly string Padding = new('x', 16 * 1024);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Vanished_300Of1000_LoseTheirConnectionsAndOthersGetEverything()
    {
        await using var app = await StartAsync();
        var http = app.NewClient();
        var staying = await Task.WhenAll(Enumerable.Range(0, Staying).Select(_ => LineClient.OpenAsync(http, "/events")));
        var vanishing = new List<RawClient>();
        for (var i = 0; i < Vanishing; i++)
            vanishing.Add(await OpenAndStopReadingAsync(app, HttpVersion.Version11));
        app.Publisher.GetSubscribers().Should().HaveCount(Staying + Vanishing);

        var published = 0;
        while (app.Publisher.GetSubscribers().Count > Staying)
            await PublishToAllAsync(app, staying, published++);
        published.Should().BeLessThan(100, "the queue of a client that reads nothing overflows");
        app.Publisher.GetSubscribers().Should().HaveCount(Staying);

        await AdvanceUntilAsync(() => app.Log.Ours.Count(entry => entry.Id == 4) == Vanishing);
        foreach (var client in vanishing)
            (await client.IsCutOffAsync()).Should().BeTrue("the client must not see an orderly end");
        await PublishToAllAsync(app, staying, published);

        app.Log.Ours.Where(entry => entry.Id == 2).Should().HaveCount(Vanishing);
        app.Log.Ours.Where(entry => entry.Id == 7).Should().HaveCount(Vanishing);
        app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
        Array.ForEach(staying, client => client.Dispose());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Vanished_StreamHasOverflowed_IsCutOffAfterTheLingerTimeout(string version)
    {
        await using var app = await StartAsync();
        using var client = await OpenAndStopReadingAsync(app, Version.Parse(version));
        var subscription = await OverflowAsync(app);
        await TestApplication.NothingMovesAsync(subscription);

        AdvanceBy(Linger - Look);
        subscription.QueuedEvents.Should().BePositive("the client still has time");
        await AdvanceUntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 4));

        app.Log.Ours.Select(entry => entry.Id).Should().Equal(1, 7, 2, 4);
        app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task SlowClient_StreamHasNotEnded_StaysOpen(string version)
    {
        await using var app = await StartAsync(queueCapacity: 100);
        using var client = await OpenAndStopReadingAsync(app, Version.Parse(version));
        for (var i = 0; i < 20; i++)
            app.Publisher.Publish(Padding);
        await TestApplication.NothingMovesAsync(app.Publisher.GetSubscribers().Single());

        AdvanceBy(20 * Linger);

        app.Publisher.Publish("hello").Should().Be(1);
        (await client.ReadToAsync("data: hello\n\n")).Should().NotBeNull();
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
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
        var subscription = app.Publisher.GetSubscribers().Single();
        await Limits.UntilAsync(() =>
        {
            app.Publisher.Publish(Padding);
            return subscription.EndReason == SubscriptionEndReason.Overflowed;
        });
        return subscription;
    }

    /// <summary>Publishes an event, and waits until all remaining clients have received it. So none of them is slow.</summary>
    private static async Task PublishToAllAsync(TestApplication app, LineClient[] staying, int number)
    {
        var text = $"{number.ToString(CultureInfo.InvariantCulture)} {Padding}";
        app.Publisher.Publish(text);
        foreach (var received in await Task.WhenAll(staying.Select(client => client.NextDataAsync())))
            received.Should().Be(text);
    }

    /// <summary>Advances the clock in steps of one check of the publisher.</summary>
    private void AdvanceBy(TimeSpan duration)
    {
        for (var left = duration; left > TimeSpan.Zero; left -= Look)
            _time.Advance(Look);
    }

    /// <summary>
    /// Advances the clock until a condition holds. On a busy machine, bytes that are still on their way are progress, and the linger
    /// timeout begins again.
    /// </summary>
    private Task AdvanceUntilAsync(Func<bool> condition) => Limits.UntilAsync(() =>
    {
        _time.Advance(Look);
        return condition();
    });
}
