using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>
/// Tests clients that read too slowly, over real sockets and by the real clock. The times are a tenth of the defaults and the
/// rates ten times as high, so that a test takes seconds.
/// </summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Slow")]
public sealed class SlowClientTests
{
    /// <summary>The rate of a slow client. With the default linger timeout, it would be 20 KB a second.</summary>
    private const int BytesPerSecond = 200_000;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(3);

    /// <summary>The text of one event. A few of these events are larger than a server's buffers for a connection.</summary>
    private static readonly string Padding = new('x', 10_000);

    [Fact]
    public async Task Overflowed_ClientReadsSteadily_GetsAllQueuedEvents()
    {
        var (queued, text) = (0, "");
        await Limits.RetryAsync(async () =>
        {
            await using var app = await StartAsync();
            // With HTTP/1.0, there are no chunks between the bytes of the events.
            using var client = await OpenAsync(app, HttpVersion.Version10);
            queued = Overflow(app);

            text = await client.ReadSlowlyToEndAsync(BytesPerSecond);

            await Limits.UntilAsync(() => HasEnded(app));
            app.Log.Ours.Should().NotContain(entry => entry.Id == 7, "the client is not cut off");
            app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
        });

        var events = text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).ToList();
        events.Select(line => line.TrimEnd('x')).Should().Equal(Enumerable.Range(0, queued).Select(number => $"data: {number}"));
        events.Should().OnlyContain(line => line.EndsWith(Padding, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Overflowed_ClientReadsNothing_IsCutOffAfterTheLingerTimeout(string version)
    {
        await using var app = await StartAsync();
        using var client = await OpenAsync(app, Version.Parse(version));
        var watch = Stopwatch.StartNew();
        Overflow(app);

        await Limits.UntilAsync(() => HasEnded(app));

        watch.Elapsed.Should().BeGreaterThan(0.9 * Linger);
        app.Log.Ours.Should().ContainSingle(entry => entry.Id == 7);
        app.Log.AboveDebug.Should().OnlyContain(entry => entry.Level == LogLevel.Information);
        if (version == "1.1")
            (await client.IsCutOffAsync()).Should().BeTrue("the client must not see an orderly end");
        else
            (await client.HasStreamBeenResetAsync()).Should().BeTrue("the client must not see an orderly end");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Dispose_FlushWaitsForASlowClient_EndsTheRequestWithoutAnError(string version)
    {
        await using var app = await StartAsync();
        using var client = await OpenAsync(app, Version.Parse(version));
        var subscription = app.Publisher.GetSubscribers().Single();
        await Limits.UntilAsync(async () =>
        {
            while (subscription.QueuedBytes < 100_000)
                app.Publisher.Publish(Padding);
            // A queue that does not get shorter for a while belongs to a copy whose flush waits.
            await TestApplication.NothingMovesAsync(subscription);
            return subscription.QueuedBytes >= 100_000;
        });

        subscription.Dispose();

        await Limits.UntilAsync(() => HasEnded(app));
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        // A host waits for an HTTP/2 connection that takes nothing, also when none of its requests is left.
        if (version == "2.0")
            client.Dispose();
        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);
        app.Log.AboveDebug.Should().NotContain(entry => entry.Level > LogLevel.Information);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Dispose_ClientKeepsUp_SeesAnOrderlyEnd(string version)
    {
        await using var app = await TestApplication.StartAsync();
        var http = app.NewClient(Version.Parse(version));
        for (var i = 0; i < 50; i++)
        {
            using var client = await LineClient.OpenAsync(http, "/events");
            var subscription = app.Publisher.GetSubscribers().Single();
            app.Publisher.Publish("hello");
            (await client.NextDataAsync()).Should().Be("hello");

            subscription.Dispose();

            (await client.RestAsync()).Should().Be("\n");
        }

        app.Log.AboveDebug.Should().BeEmpty();
    }

    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(builder =>
    {
        builder.Services.AddServerSentEvents(options =>
        {
            options.HeartbeatInterval = null;
            options.LingerTimeout = Linger;
        });
        SmallBuffers.Set(builder.Services);
    });

    private static async Task<RawClient> OpenAsync(TestApplication app, Version version)
    {
        var client = await RawClient.ConnectAsync(app.AddressOf(version), SmallBuffers.Size);
        await (version.Major == 2 ? client.GetByHttp2Async("/events") : client.GetAsync("/events", version.ToString()));
        await client.ReadToAsync("text/event-stream");
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
        return client;
    }

    /// <summary>Publishes until the queue of the only client is full. Returns the number of events that the client has to get.</summary>
    private static int Overflow(TestApplication app)
    {
        var queued = 0;
        while (app.Publisher.Publish(TextOf(queued)) == 1)
            queued++;
        return queued;
    }

    private static string TextOf(int number) => number.ToString(CultureInfo.InvariantCulture) + Padding;

    private static bool HasEnded(TestApplication app) => app.Log.Ours.Any(entry => entry.Id == 2);
}
