using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the stop of an application while its streams are open.</summary>
public sealed class ShutdownTests
{
    public static TheoryData<string> Versions => new("1.1", "2.0");

    [Theory]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task Stop_OpenStream_EndsAfterItsQueuedEvents(string version, bool tls)
    {
        await using var app = await StartAsync();
        using var client = await app.OpenAsync(version: Version.Parse(version), tls: tls);
        app.Publisher.Publish("last");

        await app.StopAsync();

        (await client.RestAsync()).Should().Be("data: last\n\n");
        ShouldHaveStoppedQuietly(app);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Stop_OpenStreams_LogsTheirNumberIfThereAreAny(int streams)
    {
        await using var app = await StartAsync();
        using (var ended = await app.OpenAsync())
        {
            app.Publisher.Close();
            await ended.RestAsync();
            await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 2));
        }

        var clients = await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => app.OpenAsync()));

        await app.StopAsync();

        app.Log.Ours.Where(entry => entry.Id == 6).Select(entry => entry.Message).Should().Equal(
            streams == 0 ? [] : [$"The application is stopping. Open event streams that end: {streams}."]);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Stop_ReconnectionIntervalWithJitter_SendsEachClientItsRetryInterval(string version)
    {
        await using var app = await StartAsync(options =>
            (options.ReconnectionInterval, options.ReconnectionJitter) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30)));
        var http = app.NewClient(Version.Parse(version));
        var clients = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => LineClient.OpenAsync(http, "/events")));

        await app.StopAsync();

        var last = new List<int>();
        foreach (var client in clients)
        {
            var lines = (await client.RestAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Should().HaveCount(2, "the retry interval is sent at the beginning and at the end").And.OnlyContain(line => line.StartsWith("retry: "));
            last.Add(int.Parse(lines[1]["retry: ".Length..], CultureInfo.InvariantCulture));
            client.Dispose();
        }

        last.Should().OnlyContain(milliseconds => milliseconds >= 2_000 && milliseconds <= 32_000);
        last.Distinct().Should().HaveCountGreaterThan(20);
    }

    [Fact]
    public async Task Stop_SeveralPublishers_AllEnd()
    {
        await using var app = await TestApplication.StartAsync(
            builder => SetClock(builder).AddServerSentEvents().AddServerSentEvents<string>(),
            app =>
            {
                app.MapServerSentEvents("/plain");
                app.MapServerSentEvents<string>("/typed", _ => new SubscribeOptions<string>());
            });
        using var plain = await app.OpenAsync("/plain");
        using var typed = await app.OpenAsync("/typed");

        await app.StopAsync();

        (await plain.RestAsync()).Should().BeEmpty();
        (await typed.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Stop_PublisherIsNotRegistered_EndsItsStreamAfterTheQueuedEvents()
    {
        using var own = new Publisher();
        await using var app = await TestApplication.StartAsync(
            builder => SetClock(builder), app => app.MapGet("/events", () => own.Subscribe().ToResult()));
        using var client = await app.OpenAsync();
        own.Publish("last");

        await app.StopAsync();

        (await client.RestAsync()).Should().Be("data: last\n\n");
        own.GetSubscribers().Should().BeEmpty();
        own.Subscribe().EndReason.Should().BeNull("the publisher belongs to the application and still works");
    }

    [Fact]
    public async Task Stop_TwoApplicationsShareAPublisher_EndsOnlyTheStreamsOfTheStoppingApplication()
    {
        using var shared = new Publisher();
        void Map(WebApplication app) => app.MapGet("/events", () => shared.Subscribe().ToResult());
        await using var stopping = await TestApplication.StartAsync(builder => SetClock(builder), Map);
        await using var staying = await TestApplication.StartAsync(builder => SetClock(builder), Map);
        using var ending = await stopping.OpenAsync();
        using var lasting = await staying.OpenAsync();

        await stopping.StopAsync();

        (await ending.RestAsync()).Should().BeEmpty();
        shared.Publish("hello").Should().Be(1);
        (await lasting.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    public async Task Stop_WhileClientsConnectAndDisconnect_LeavesNoSubscription()
    {
        await using var app = await StartAsync();
        var ready = new CountdownEvent(4);
        var coming = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var http = app.NewClient();
            for (var i = 0; ; i++)
            {
                if (i == 5)
                    ready.Signal();
                try
                {
                    using var client = await LineClient.OpenAsync(http, "/events");
                    if (i % 2 == 0)
                        await client.RestAsync();
                }
                catch (HttpRequestException)
                {
                    return;
                }
                catch (IOException)
                {
                    // The host can end a connection while it stops.
                }
            }
        })).ToList();
        await Limits.UntilAsync(() =>
        {
            app.Publisher.Close();
            return ready.IsSet || coming.Exists(task => task.IsFaulted);
        });

        await app.StopAsync();

        await Task.WhenAll(coming).WaitAsync(Limits.Patience);
        app.Publisher.GetSubscribers().Should().BeEmpty();
        app.Log.AboveDebug.Where(entry => entry.Level > LogLevel.Information).Should().BeEmpty();
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Versions))]
    public async Task Stop_ClientDoesNotReadItsQueue_IsCutOffBeforeTheHostsTimeout(string version)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync(Version.Parse(version));
        await (version == "2.0" ? client.GetByHttp2Async("/events") : client.GetAsync("/events"));
        await client.ReadToAsync("text/event-stream");
        app.Publisher.Publish(new string('x', 50_000_000));

        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);

        app.Publisher.GetSubscribers().Should().BeEmpty();
        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 7));
        app.Log.AboveDebug.Where(entry => entry.Level > LogLevel.Information).Should().BeEmpty();
    }

    [Fact]
    public async Task Stop_ClientDoesNotReadTheSentRest_IsCutOffBeforeTheHostsTimeout()
    {
        await using var app = await TestApplication.StartAsync(builder =>
        {
            builder.Services.AddServerSentEvents();
            SmallBuffers.Set(builder.Services);
        });
        using var client = await RawClient.ConnectAsync(app.AddressOf(HttpVersion.Version11), SmallBuffers.Size);
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");
        var subscription = app.Publisher.GetSubscribers().Single();
        // The server's buffers hold this event, so the request ends before the client has read it.
        app.Publisher.Publish(new string('x', 60_000));
        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);

        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);

        app.Log.AboveDebug.Where(entry => entry.Level > LogLevel.Information).Should().BeEmpty();
    }

    [Fact]
    public async Task Stop_NoOpenStreams_LogsNothing()
    {
        await using var app = await StartAsync();

        await app.StopAsync();

        ShouldHaveStoppedQuietly(app);
    }

    [Fact]
    public async Task Stop_HostNeverStarted_LogsNoWarning()
    {
        using var log = new CapturedLog();
        var builder = TestApplication.NewBuilder(log);
        builder.Services.AddServerSentEvents();
        await using var app = builder.Build();
        app.MapServerSentEvents("/events");

        await app.StopAsync();

        log.AboveDebug.Where(entry => entry.Level > LogLevel.Information).Should().BeEmpty();
    }

    /// <summary>Starts an application whose clock stands still, so that no client is cut off on a busy machine.</summary>
    private static Task<TestApplication> StartAsync(Action<PublisherOptions>? configure = null) =>
        TestApplication.StartAsync(builder => SetClock(builder).AddServerSentEvents(configure));

    /// <summary>Sets a clock that stands still, and returns the services.</summary>
    private static IServiceCollection SetClock(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());

    private static void ShouldHaveStoppedQuietly(TestApplication app) =>
        app.Log.AboveDebug.Where(entry => entry.Id != 6).Should().BeEmpty("no client was cut off, and nothing failed");
}
