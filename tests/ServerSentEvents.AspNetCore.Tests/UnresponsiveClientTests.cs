using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests clients that only the operating system can notice, over real sockets and by the real clock.</summary>
[Trait("Category", "Slow")]
[Collection(nameof(RunAlone))]
public sealed class UnresponsiveClientTests
{
    private const string OnlyOnLinux = "TCP_USER_TIMEOUT and the loss of packets are available on Linux only.";

    /// <summary>The timeout of these tests. Without it, a system ends such a connection after about 15 minutes, or never.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The rate of a slow client: ten times the 20 KB a second that it needs with the default timeout. The timeout of the test is
    /// about a tenth of the default.
    /// </summary>
    private const int BytesPerSecond = 200_000;

    private static readonly string Padding = new('x', 10_000);

    [SkippableTheory]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true, true)]
    [InlineData("2.0", true, true)]
    public async Task Vanished_WithHeartbeatsOrWithKeepAlive_IsUnsubscribed(string version, bool hasHeartbeats, bool tls = false)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync(Timeout, hasHeartbeats ? Timeout / 4 : null);
        using var client = await OpenAsync(app, version, tls: tls);
        using var staying = await app.OpenAsync();
        var subscription = app.Publisher.GetSubscribers()[0];

        client.DropPackets();

        await ShouldEndAsync(app, subscription);
        app.Publisher.Publish("hello").Should().Be(1, "the other client is idle and stays");
        (await staying.NextDataAsync()).Should().Be("hello");
    }

    [SkippableTheory]
    [Trait("Category", "Measurement")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task Vanished_WithHeartbeats_IsUnsubscribedWithinSecondsOfTheDocumentedTime(string version, bool tls = false)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        var heartbeat = Timeout / 2;
        await Limits.RetryAsync(async () =>
        {
            await using var app = await StartAsync(Timeout, heartbeat);
            using var client = await OpenAsync(app, version, tls: tls);
            var subscription = app.Publisher.GetSubscribers().Single();

            client.DropPackets();
            var start = Stopwatch.GetTimestamp();
            await TestApplication.ShouldHaveLostItsClientAsync(subscription);

            // On a busy machine, the test notices it later. Without the timeout, it takes minutes.
            var margin = TimeSpan.FromSeconds(5);
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Timeout + (1.25 * heartbeat) + margin);
        });
    }

    [SkippableTheory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task ReadsNothing_WindowIsClosed_IsUnsubscribed(string version, bool tls = false)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync(Timeout, heartbeatInterval: null);
        using var client = await OpenAsync(app, version, SmallBuffers.Size, tls);
        var subscription = app.Publisher.GetSubscribers().Single();

        // The events exceed the buffers of the server and the system, but not the queue.
        for (var i = 0; i < 100; i++)
            app.Publisher.Publish(Padding);

        await ShouldEndAsync(app, subscription);
        subscription.QueuedEvents.Should().Be(0);
    }

    [SkippableFact]
    public async Task ReadsSlowly_BacklogOfManyTimeouts_GetsEverything()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        const int count = 250;
        string[] data = [];
        await Limits.RetryAsync(async () =>
        {
            await using var app = await StartAsync(2 * Timeout, heartbeatInterval: null);
            using var client = await OpenAsync(app, "1.0", receiveBuffer: 512 * 1024);
            for (var i = 0; i < count; i++)
                app.Publisher.Publish(i.ToString(CultureInfo.InvariantCulture) + Padding).Should().Be(1);
            app.Publisher.Close();

            var text = await client.ReadSlowlyToEndAsync(BytesPerSecond);

            data = [.. text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line["data: ".Length..])];
            data[^1].Should().Be($"{count - 1}{Padding}", "the client is not cut off");
        });

        data.Should().Equal(Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture) + Padding));
    }

    private static async Task ShouldEndAsync(TestApplication app, Subscription<object?> subscription)
    {
        await TestApplication.ShouldHaveLostItsClientAsync(subscription);
        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 2));
        // The system reports a timeout, which Kestrel logs: as a warning, or with TLS over HTTP/1.1 as an error.
        app.Log.AboveDebug
            .Where(entry => entry.Exception?.GetBaseException() is not SocketException { SocketErrorCode: SocketError.TimedOut })
            .Should().BeEmpty();
    }

    private static Task<TestApplication> StartAsync(TimeSpan timeout, TimeSpan? heartbeatInterval) =>
        TestApplication.StartAsync(builder =>
        {
            builder.Services.AddServerSentEvents(options =>
            {
                options.HeartbeatInterval = heartbeatInterval;
                options.QueueCapacityBytes = long.MaxValue;
            });
            builder.Services.Configure<EventStreamOptions>(options => options.UnresponsiveTimeout = timeout);
            SmallBuffers.Set(builder.Services);
        });

    private static async Task<RawClient> OpenAsync(TestApplication app, string version, int receiveBuffer = 0, bool tls = false)
    {
        var protocol = version == "2.0" ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11;
        var client = await RawClient.ConnectAsync(app.AddressOf(Version.Parse(version), tls), receiveBuffer, protocol);
        await (version == "2.0" ? client.GetByHttp2Async("/events") : client.GetAsync("/events", version));
        await client.ReadToAsync("text/event-stream");
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
        return client;
    }
}
