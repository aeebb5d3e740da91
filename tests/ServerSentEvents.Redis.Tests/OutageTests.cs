using System.Diagnostics;
using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests outages of a real server, seen from an application.</summary>
public sealed class OutageTests
{
    private const string Key = "events";

    [SkippableFact]
    public async Task ServerKilled_KeepsItsLog_EventsArriveOnceAndClientsStay()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.Durable);
        await using var node = await TestNode.StartAsync(server.Open(Key));
        await using var client = node.Connect();
        await node.PublishAsync("a", 100);

        await server.StopAsync();
        var publishing = node.PublishAsync("b", 100);
        await server.StartAsync();
        await publishing;
        await node.PublishAsync("last");

        (await client.NextAsync(201)).Should().Equal([.. TestNode.Numbered("a", 100), .. TestNode.Numbered("b", 100), "last"]);
        await using var resumed = node.Connect(client.LastEventId);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
    }

    [SkippableFact]
    public async Task ServerKilled_KeepsNothing_ClientsEndAndOldIdsAreGapsOnAllNodes()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var node = await TestNode.StartAsync(server.Open(Key));
        await using var client = node.Connect();
        await node.PublishAsync("lost");
        await client.NextAsync();

        await server.StopAsync();
        await server.StartAsync();
        (await client.RestAsync()).Should().BeEmpty();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await node.PublishAsync("new");

        await using var fresh = await TestNode.StartAsync(server.Open(Key));
        await using var old = node.Connect(client.LastEventId);
        await using var oldElsewhere = fresh.Connect(client.LastEventId);
        old.Resume.Should().Be(ResumeResult.Gap);
        oldElsewhere.Resume.Should().Be(ResumeResult.Gap);
        node.Log.Warnings.Should().Contain(line => line.Contains("older event ids are gaps", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task ServerKilled_IsTheReplica_ConnectionsToTheMasterStay()
    {
        await using var pair = await ReplicatedServers.StartAsync();
        await using var node = await TestNode.StartAsync(pair.Open(new() { StreamKey = Key }));
        await using var client = node.Connect();
        await node.PublishAsync("before");
        var noticed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var configuration = pair.Configuration;
        configuration.ConnectTimeout = 60_000;
        await using var other = await ConnectionMultiplexer.ConnectAsync(configuration);
        other.ConnectionFailed += (_, _) => noticed.TrySetResult();

        var killed = await pair.StopReplicaAsync();
        await noticed.Task.WithinPatience();
        await node.PublishAsync("after");

        (await client.NextAsync(2)).Should().Equal("before", "after");
        // Other warnings come from a busy machine, on which Redis answers too late.
        node.Log.Warnings.Should().NotContain(line => line.Contains($"{killed} was lost", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Failover_ReplicaHasAll_EventsArriveOnceAndClientsStay()
    {
        await using var pair = await ReplicatedServers.StartAsync();
        await using var node = await TestNode.StartAsync(pair.Open(new() { StreamKey = Key, WaitForReplicas = 1 }));
        await using var client = node.Connect();
        await node.PublishAsync("a", 100);

        await pair.FailOverAsync();
        // The new master has no replica, so nothing more can be confirmed.
        await using var after = await TestNode.StartAsync(pair.Open(new() { StreamKey = Key }));
        await after.PublishAsync("last");

        (await client.NextAsync(101)).Should().Equal([.. TestNode.Numbered("a", 100), "last"]);
        node.Log.Warnings.Should().NotContain(line => line.Contains("gaps", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Failover_ReplicaLacksTheLastEvents_ClientsEndAndTheirIdIsAGap()
    {
        await using var pair = await ReplicatedServers.StartAsync();
        await using var node = await TestNode.StartAsync(pair.Open(new() { StreamKey = Key }));
        await using var client = node.Connect();
        await node.PublishAsync("kept");
        var kept = (await client.NextAsync()).EventId;
        await pair.DetachReplicaAsync();
        await node.PublishAsync("lost");
        (await client.NextAsync()).Data.Should().Be("lost");

        await pair.FailOverAsync();

        (await client.RestAsync()).Should().BeEmpty();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await using var ahead = node.Connect(client.LastEventId);
        ahead.Resume.Should().Be(ResumeResult.Gap);
        await using var fresh = await TestNode.StartAsync(pair.Open(new() { StreamKey = Key }));
        await using var known = fresh.Connect(kept);
        known.Resume.Should().Be(ResumeResult.Resumed, "the new master has that event");
    }

    [SkippableFact]
    public async Task NetworkStalls_ThenGoesOn_LossIsNoticedAndEventsArriveOnce()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var network = new TcpProxy(server.Port);
        var configuration = ConfigurationOptions.Parse($"127.0.0.1:{network.Port}");
        configuration.AsyncTimeout = 2_000;
        await using var node = await TestNode.StartAsync(Open(server, configuration));
        await using var client = node.Connect();
        await node.PublishAsync("before");

        network.Stall();
        var publishing = node.PublishAsync("during");
        await Limits.UntilAsync(() => node.HasLostConnections && !node.Backplane.IsCaughtUp);
        network.GoOn();
        await publishing;
        await node.PublishAsync("after");

        (await client.NextAsync(3)).Should().Equal("before", "during", "after");
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Category", "Slow")]
    public Task NetworkStalls_DefaultAsyncTimeout_IsNoticedWithinTwentySeconds(bool isPublishing) => Limits.RetryAsync(async () =>
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var network = new TcpProxy(server.Port);
        await using var node = await TestNode.StartAsync(Open(server, ConfigurationOptions.Parse($"127.0.0.1:{network.Port}")));
        await using var client = node.Connect();
        using var stopping = new CancellationTokenSource();
        await node.PublishAsync("before");
        var publishing = isPublishing ? node.PublishUntilAsync(stopping.Token) : Task.CompletedTask;
        await client.NextAsync(isPublishing ? 100 : 1);

        network.Stall();
        var stopwatch = Stopwatch.StartNew();
        await Limits.UntilAsync(() => node.HasLostConnections && !node.Backplane.IsCaughtUp);
        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
        network.GoOn();

        await stopping.CancelAsync();
        await publishing.WithinPatience();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        client.EndReason.Should().BeNull();
    });

    [SkippableFact]
    public Task DisposeAsync_ConnectsOverAStalledNetwork_EndsAtOnce() => Limits.RetryAsync(async () =>
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var network = new TcpProxy(server.Port);
        await using var otherNetwork = new TcpProxy(server.Port);
        network.Stall();
        otherNetwork.Stall();
        var connecting = ConnectionMultiplexer.ConnectAsync(PatientConfiguration(otherNetwork));
        await Limits.UntilAsync(() => otherNetwork.Connections > 0);
        var node = TestNode.Start(Open(server, PatientConfiguration(network)));
        await Limits.UntilAsync(() => network.Connections > 0);

        var disposing = node.DisposeAsync().AsTask();
        var first = await Task.WhenAny(disposing, connecting);

        first.Should().BeSameAs(disposing, "no attempt to connect is waited for");
        otherNetwork.Cut();
        await connecting.Awaiting(task => task.WithinPatience()).Should().ThrowAsync<RedisConnectionException>();

        static ConfigurationOptions PatientConfiguration(TcpProxy proxy) =>
            RedisServer.PatientConfiguration($"127.0.0.1:{proxy.Port},connectRetry=1");
    });

    [SkippableFact]
    public Task DisposeAsync_NetworkStalls_EndsWithoutTheServer() => Limits.RetryAsync(async () =>
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var network = new TcpProxy(server.Port);
        var configuration = ConfigurationOptions.Parse($"127.0.0.1:{network.Port}");
        configuration.AsyncTimeout = 10_000;
        var node = await TestNode.StartAsync(Open(server, configuration));
        await using var other = await ConnectionMultiplexer.ConnectAsync(configuration);
        network.Stall();
        var publishing = node.PublishAsync("never");
        var command = other.GetDatabase().PingAsync();

        var disposing = node.DisposeAsync().AsTask();
        var first = await Task.WhenAny(disposing, command);

        first.Should().BeSameAs(disposing, "no command is waited for");
        network.GoOn();
        await publishing.Awaiting(task => task).Should().ThrowAsync<ObjectDisposedException>();
    });

    private static IStreamTransport Open(RedisServer server, ConfigurationOptions configuration) =>
        server.Open(new RedisBackplaneOptions<string> { StreamKey = Key, Configuration = configuration });
}
