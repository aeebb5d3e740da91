using System.Globalization;
using System.Net.ServerSentEvents;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Tests the endpoint of the ASP.NET Core package with widely used clients, whose message handler parses JSON. Some clients call
/// the handler at every blank line, and with empty data if no data line came before.
/// </summary>
public sealed class ClientTests : IClassFixture<ClientScripts>, IClassFixture<GoPrograms>, IClassFixture<Chromium>, IDisposable
{
    private const string FetchEventSource = "@microsoft/fetch-event-source";
    private const string ExtendedEventSource = "extended-eventsource";
    private const string EventSource = "eventsource";
    private const string EventSourcePolyfill = "event-source-polyfill";
    private const string BuiltIntoChromium = "Chromium";

    /// <summary>The number of heartbeats to wait for, enough that some of them came after the last event.</summary>
    private const int SomeHeartbeats = 3;

    private readonly ClientScripts _scripts;
    private readonly GoPrograms _go;
    private readonly Chromium _chromium;

    private readonly PublisherOptions _options = new()
    {
        HistoryCapacity = 1_000,
        ReconnectionInterval = TimeSpan.FromMilliseconds(20),
    };

    private readonly Channel<ResumeResult> _subscribed = Channel.CreateUnbounded<ResumeResult>();
    private Publisher? _publisher;
    private int _published;

    public ClientTests(ClientScripts scripts, GoPrograms go, Chromium chromium)
    {
        _scripts = scripts;
        _go = go;
        _chromium = chromium;
    }

    public void Dispose() => _publisher?.Dispose();

    [SkippableTheory]
    [InlineData(FetchEventSource, 4)]
    [InlineData(ExtendedEventSource, 4)]
    [InlineData(EventSource, 4)]
    // This client waits at least a second before it reconnects.
    [InlineData(EventSourcePolyfill, 1)]
    [InlineData(GoPrograms.Package, 4)]
    [InlineData(BuiltIntoChromium, 4)]
    public async Task Resume_StreamEndsSeveralTimes_ClientGetsEachEventOnceAndNoEmptyMessage(string kind, int rounds)
    {
        await using var server = await StartServerAsync();
        await using var client = await StartClientAsync(kind, server);
        (await NextSubscriptionAsync()).Should().Be(ResumeResult.NotRequested);

        for (var round = 0; round < rounds; round++)
        {
            await AssertMessagesAsync(client, Publish(2));

            // Missed events before the new stream, and live events after them.
            var beforeTheEnd = Publish(2);
            _publisher!.Close();
            var missed = Publish(2);
            (await NextSubscriptionAsync()).Should().Be(ResumeResult.Resumed);
            await AssertMessagesAsync(client, [.. beforeTheEnd, .. missed, .. Publish(2)]);

            // A stream without any event must not change the client's position.
            _publisher.Close();
            (await NextSubscriptionAsync()).Should().Be(ResumeResult.Resumed);
            _publisher.Close();
            await AssertMessagesAsync(client, Publish(1));
            (await NextSubscriptionAsync()).Should().Be(ResumeResult.Resumed);
        }

        (await client.StopAsync()).Should().BeEmpty();
    }

    [SkippableTheory]
    [InlineData(FetchEventSource)]
    [InlineData(ExtendedEventSource)]
    [InlineData(EventSource)]
    public async Task Heartbeat_BetweenEvents_ClientGetsEachEventOnceAndNoEmptyMessage(string kind)
    {
        _options.HeartbeatInterval = TimeSpan.FromMilliseconds(20);
        await using var server = await StartServerAsync();
        await using var client = await StartClientAsync(kind, server);
        (await NextSubscriptionAsync()).Should().Be(ResumeResult.NotRequested);
        await client.WaitForCommentsAsync(SomeHeartbeats);

        for (var round = 0; round < 3; round++)
        {
            await AssertMessagesAsync(client, Publish(2));
            await client.WaitForCommentsAsync(SomeHeartbeats);

            // The client's position must survive heartbeats at the start of a stream, before its first event.
            _publisher!.Close();
            (await NextSubscriptionAsync()).Should().Be(ResumeResult.Resumed);
            await client.WaitForCommentsAsync(SomeHeartbeats);
            _publisher.Close();
            await AssertMessagesAsync(client, Publish(1));
            (await NextSubscriptionAsync()).Should().Be(ResumeResult.Resumed);
        }

        (await client.StopAsync()).Should().BeEmpty();
    }

    [SkippableTheory]
    [InlineData(FetchEventSource)]
    [InlineData(ExtendedEventSource)]
    [InlineData(EventSource)]
    [InlineData(EventSourcePolyfill)]
    [InlineData(GoPrograms.Package)]
    [InlineData(BuiltIntoChromium)]
    public async Task InitialData_NewClient_IsTheFirstMessage(string kind)
    {
        const string initial = """{"n":"initial"}""";
        await using var server = await StartServerAsync(app => app.MapServerSentEvents(
            "/events", _ => new SubscribeOptions<object?> { InitialData = [new SseItem<string>(initial)] }));
        await using var client = await StartClientAsync(kind, server);

        await AssertMessagesAsync(client, [initial]);
        await AssertMessagesAsync(client, Publish(2));

        (await client.StopAsync()).Should().BeEmpty();
    }

    private Task<WebApplication> StartServerAsync(Action<WebApplication>? map = null)
    {
        _publisher = new Publisher(_options);
        _publisher.Subscribed += (_, e) => _subscribed.Writer.TryWrite(e.Subscription.Resume);
        return PublisherServer.StartAsync(_publisher, map: map);
    }

    private async Task<StreamClient> StartClientAsync(string kind, WebApplication server)
    {
        var events = new Uri(new Uri(server.Urls.Single()), "/events");
        return kind switch
        {
            BuiltIntoChromium => await ChromiumClient.StartAsync(_chromium, events),
            GoPrograms.Package => new ProcessClient(await _go.StartAsync("Clients/read.go", events.ToString())),
            _ => new ProcessClient(await _scripts.StartAsync("read.mjs", kind, events.ToString())),
        };
    }

    private async Task<ResumeResult> NextSubscriptionAsync() =>
        await _subscribed.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

    /// <summary>Publishes events that no other event is equal to, and returns their data.</summary>
    private string[] Publish(int count)
    {
        var events = new string[count];
        for (var i = 0; i < count; i++)
        {
            events[i] = string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{_published++}}}""");
            _publisher!.Publish(events[i]);
        }

        return events;
    }

    private static async Task AssertMessagesAsync(StreamClient client, string[] expected)
    {
        foreach (var data in expected)
            (await client.NextMessageAsync()).Should().Be(data);
    }
}
