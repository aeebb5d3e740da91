using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests against the project's own server, with every way to create an <see cref="HttpClient"/>.</summary>
public sealed class ServerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Read_Kestrel_ResumesAfterTheServerHasRestarted(int version)
    {
        using var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 100, HeartbeatInterval = TimeSpan.FromMilliseconds(50) });
        await using var host = await RestartableHost.StartAsync(publisher);
        using var http = new HttpClient();
        var connections = new List<EventStreamConnection>();
        var options = TestClient.Quick;
        options.Connected = connections.Add;
        await using var events = new EventStreamClient(http, options).ReadAsync(_ => new(new HttpRequestMessage(HttpMethod.Get, host.AddressOf(version))
        {
            Version = new Version(version, version == 1 ? 1 : 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        })).GetAsyncEnumerator();

        var next = events.NextAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);
        publisher.Publish("é\nb", eventType: "news");
        var first = await next;
        await host.StopAsync();
        publisher.Publish("missed");
        await host.StartAsync();
        var second = await events.NextAsync();
        publisher.Publish("live");
        var third = await events.NextAsync();

        (first.EventType, first.Data).Should().Be(("news", "é\nb"));
        (second.Data, third.Data).Should().Be(("missed", "live"));
        connections[0].LastEventId.Should().BeNull();
        // The server can end a connection that comes while it stops. The client then connects once more.
        connections.Skip(1).Should().NotBeEmpty().And.OnlyContain(connection => connection.LastEventId == first.EventId);
        await events.DisposeAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 0, "the server sees that the reader has left");
    }

    [Fact]
    public async Task Read_ServerDrains_ReconnectsByItsRetry()
    {
        using var publisher = new Publisher(new PublisherOptions { ReconnectionInterval = TimeSpan.FromSeconds(7) });
        await using var host = await RestartableHost.StartAsync(publisher);
        var ended = new TaskCompletionSource<EventStreamDisconnection>();
        using var canceled = new CancellationTokenSource();
        using var http = new HttpClient();
        var options = new EventStreamClientOptions { Disconnected = end => ended.TrySetResult(end) };

        var reading = new EventStreamClient(http, options, () => 0).ReadAsync(host.AddressOf(1), canceled.Token).ToArrayAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);
        publisher.Drain();

        (await ended.Task.WaitAsync(Limits.Patience)).Delay.Should().Be(TimeSpan.FromSeconds(7));
        await canceled.CancelAsync();
        await reading.Invoking(task => task.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Read_HttpClientFactory_UsesTheConfiguredClient()
    {
        using var publisher = new Publisher();
        await using var host = await RestartableHost.StartAsync(publisher);
        var services = new ServiceCollection();
        services.AddHttpClient<EventStreamClient>(http => http.BaseAddress = host.AddressOf(1));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<EventStreamClient>();
        await using var events = client.ReadAsync(new Uri("", UriKind.Relative)).GetAsyncEnumerator();

        var next = events.NextAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);
        publisher.Publish("a");

        (await next).Data.Should().Be("a");
    }
}
