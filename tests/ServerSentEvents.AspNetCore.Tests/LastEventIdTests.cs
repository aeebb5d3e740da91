using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the last event id of a request, which can come from anyone, and the answer to it.</summary>
public sealed class LastEventIdTests
{
    [Theory]
    [InlineData("1.1", false, "second")]
    [InlineData("2.0", false, "second")]
    [InlineData("1.1", true, "second")]
    [InlineData("2.0", true, "second")]
    [InlineData("1.1", false, "two, \"2\"; q=1 %20 ~/:@ \\")]
    [InlineData("2.0", false, "two, \"2\"; q=1 %20 ~/:@ \\")]
    public async Task LastEventId_KnownId_ResumesAfterIt(string version, bool tls, string id)
    {
        await using var app = await StartAsync();
        app.Publisher.Publish(new SseItem<string>("first") { EventId = "first" });
        app.Publisher.Publish(new SseItem<string>("second") { EventId = id });
        app.Publisher.Publish("third");

        using var client = await OpenAsync(app, Version.Parse(version), id, tls);
        app.Publisher.Publish("fourth");

        (await client.NextDataAsync()).Should().Be("third");
        (await client.NextDataAsync()).Should().Be("fourth");
        app.Publisher.GetSubscribers().Single().Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    [Trait("Statement", "22")]
    public async Task LastEventId_NoMissedEventCanBeMade_FirstByteComesAtOnce()
    {
        await using var app = await TestApplication.StartAsync(builder => builder.Services.AddServerSentEvents(options =>
        {
            options.HistoryCapacity = 10;
            options.HeartbeatInterval = null;
        }));
        app.Publisher.Publish(new SseItem<string>("seen") { EventId = "1" });
        app.Publisher.Publish(_ => throw new FormatException("no event for anyone"));

        using var client = await OpenAsync(app, HttpVersion.Version11, "1");

        (await client.NextLineAsync()).Should().Be(":");
        app.Publisher.GetSubscribers().Single().Resume.Should().Be(ResumeResult.Gap);
    }

    public static TheoryData<string> Hostile => new(
        "unknown", new string('9', 20_000), "../../etc/passwd", "*", "%00%0d%0a", "-1", "18446744073709551616-1", "1:1:1", "\u202e\ufeff",
        "a, b", "\"", "\t id", "' or 1=1", "zwölf-дюжина-十二-🎲");

    [Theory]
    [MemberData(nameof(Hostile))]
    [Trait("Statement", "18")]
    public async Task LastEventId_HostileId_IsAGap(string id)
    {
        await using var app = await StartAsync();
        app.Publisher.Publish("kept");

        using var client = await OpenAsync(app, HttpVersion.Version11, id);
        app.Publisher.Publish("live");

        (await client.NextDataAsync()).Should().Be("live");
        app.Publisher.GetSubscribers().Single().Resume.Should().Be(ResumeResult.Gap);
    }

    [Theory]
    [InlineData("Last-Event-ID: one\r\nLast-Event-ID: two\r\n")]
    [InlineData("Last-Event-ID: \u00e9\r\n")]
    public async Task LastEventId_HeaderThatNoBrowserSends_IsAGap(string headers)
    {
        await using var app = await StartAsync();
        using var client = await app.ConnectAsync();

        await client.GetAsync("/events", headers: headers);
        await client.ReadToAsync("\r\n\r\n");

        app.Publisher.GetSubscribers().Single().Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task LastEventId_InvalidUtf8_Answers400WithoutASubscription()
    {
        await using var app = await StartAsync();
        using var client = await app.ConnectAsync();

        await client.SendAsync((byte[])[.. "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "u8, 0xff, .. "\r\n\r\n"u8]);

        (await client.ReadToAsync("\r\n")).Should().StartWith("HTTP/1.1 400");
        app.Publisher.GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("Last-Event-ID: \r\n")]
    public async Task LastEventId_NoneOrEmpty_IsANewClient(string headers)
    {
        await using var app = await StartAsync();
        using var client = await app.ConnectAsync();

        await client.GetAsync("/events", headers: headers);
        await client.ReadToAsync("\r\n\r\n");

        app.Publisher.GetSubscribers().Single().Resume.Should().Be(ResumeResult.NotRequested);
    }

    [Theory]
    [InlineData("/events", "a", null, "b")]
    [InlineData("/events?lastEventId=a", null, null, "b")]
    [InlineData("/events?LASTEVENTID=a", null, null, "b")]
    [InlineData("/events?Last-Event-ID=a", null, null, "b")]
    [InlineData("/events?lastEventId=&Last-Event-ID=a", null, null, "b")]
    [InlineData("/events?lastEventId=a&lastEventId=b", null, null, "c")]
    [InlineData("/events?lastEventId=a", "b", null, "c")]
    [InlineData("/events?lastEventId=a", "", "b", "c")]
    [InlineData("/events?lastEventId=c", null, "a", "b")]
    [InlineData("/events?lastEventId=c", "b", "a", "c")]
    [InlineData("/events?lastEventId=a", null, "", "b")]
    [InlineData("/result?lastEventId=a", null, null, "b")]
    [InlineData("/result?lastEventId=c", null, "a", "b")]
    [InlineData("/result?lastEventId=c", "b", "a", "c")]
    [InlineData("/result?lastEventId=a", null, "", "b")]
    public async Task LastEventId_SeveralSources_HeaderWinsThenOptionsThenQuery(
        string path, string? header, string? options, string expected)
    {
        await using var app = await StartAsync(app =>
        {
            app.MapServerSentEvents<object?>("/events", _ => new SubscribeOptions<object?> { LastEventId = options });
            app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new() { LastEventId = options }));
        });
        foreach (var id in new[] { "a", "b", "c", "d" })
            app.Publisher.Publish(new SseItem<string>(id) { EventId = id });

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", header).Should().BeTrue();
        using var client = await LineClient.OpenAsync(app.NewClient(), request);
        app.Publisher.Publish("first data of a new client");

        (await client.NextDataAsync()).Should().Be(expected);
    }

    [Theory]
    [InlineData("/events?lastEventId=a", null, ResumeResult.NotRequested)]
    [InlineData("/events?Last-Event-ID=a", null, ResumeResult.NotRequested)]
    [InlineData("/events?lastEventId=a", "b", ResumeResult.Resumed)]
    [InlineData("/result?lastEventId=a", null, ResumeResult.NotRequested)]
    [InlineData("/result?lastEventId=a", "b", ResumeResult.Resumed)]
    public async Task LastEventId_QueryIsSwitchedOff_IsReadFromTheHeaderAlone(string path, string? header, ResumeResult expected)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 10);
                builder.Services.Configure<EventStreamOptions>(options => options.AcceptLastEventIdQuery = false);
            },
            app =>
            {
                app.MapServerSentEvents("/events");
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
            });
        foreach (var id in new[] { "a", "b" })
            app.Publisher.Publish(new SseItem<string>(id) { EventId = id });

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (header is not null)
            request.Headers.Add("Last-Event-ID", header);
        using var client = await LineClient.OpenAsync(app.NewClient(), request);

        app.Publisher.GetSubscribers().Single().Resume.Should().Be(expected);
    }

    private static Task<TestApplication> StartAsync(Action<WebApplication>? map = null) => TestApplication.StartAsync(
        builder => builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 10), map);

    /// <summary>Opens a stream with a client that writes headers in UTF-8, as browsers write this header.</summary>
    private static async Task<LineClient> OpenAsync(TestApplication app, Version version, string id, bool tls = false)
    {
        var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        var client = app.NewClient(version, tls, handler);
        var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", id).Should().BeTrue();
        return await LineClient.OpenAsync(client, request);
    }
}
