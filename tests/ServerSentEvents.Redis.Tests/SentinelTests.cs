using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests servers that Sentinel watches.</summary>
public sealed class SentinelTests
{
    private const string Key = "events";

    [SkippableFact]
    public async Task Failover_SentinelChoosesTheReplica_EventsArriveOnceAndClientsStay()
    {
        await using var pair = await ReplicatedServers.StartAsync();
        await using var sentinel = await RedisServer.StartSentinelAsync(
            $"""
            sentinel monitor shop 127.0.0.1 {pair.MasterPort} 1
            sentinel down-after-milliseconds shop 10000
            sentinel failover-timeout shop 5000
            """);
        var options = new RedisBackplaneOptions<string>
        {
            StreamKey = Key,
            Configuration = ConfigurationOptions.Parse($"127.0.0.1:{sentinel.Port},serviceName=shop"),
        };
        await using var node = await TestNode.StartAsync(sentinel.Open(options));
        await using var client = node.Connect();
        await node.PublishAsync("before");
        (await client.NextAsync()).Data.Should().Be("before");
        // Sentinel must know the replica, and the replica must have the event.
        await Limits.UntilAsync(async () => (await sentinel.CommandAsync("SENTINEL", "REPLICAS", "shop")).Length == 1);
        await pair.UntilReplicatedAsync();

        await pair.StopMasterAsync();
        var publishing = node.PublishAsync("after");
        await RedisServer.UntilPromotedAsync(
            async () => (int)(await sentinel.CommandAsync("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "shop"))[1] == pair.ReplicaPort,
            () => sentinel.CommandAsync("SENTINEL", "FAILOVER", "shop"));
        await publishing;

        (await client.NextAsync()).Data.Should().Be("after");
    }

    [SkippableFact]
    public async Task Connect_UnknownService_NamesTheService()
    {
        await using var master = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var sentinel = await RedisServer.StartSentinelAsync($"sentinel monitor shop 127.0.0.1 {master.Port} 1");
        await using var node = TestNode.Start(sentinel.Open(new RedisBackplaneOptions<string>
        {
            StreamKey = Key,
            Configuration = ConfigurationOptions.Parse($"127.0.0.1:{sentinel.Port},serviceName=shoe"),
        }));

        await Limits.UntilAsync(() => node.Log.Warnings.Any(line => line.Contains("service: shoe", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public async Task Connect_AfterLosses_LeavesNoConnectionToSentinel()
    {
        await using var master = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var sentinel = await RedisServer.StartSentinelAsync($"sentinel monitor shop 127.0.0.1 {master.Port} 1");
        await using var node = await TestNode.StartAsync(sentinel.Open(new RedisBackplaneOptions<string>
        {
            StreamKey = Key,
            Configuration = ConfigurationOptions.Parse($"127.0.0.1:{sentinel.Port},serviceName=shop"),
        }));
        await node.PublishAsync("connected");

        for (var loss = 0; loss < 3; loss++)
        {
            var (readers, connections) = (await ReadersAsync(), await ConnectionsToSentinelAsync());
            connections.Should().NotBeEmpty();
            await master.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await Limits.UntilAsync(async () => node.Backplane.IsCaughtUp && (await ReadersAsync()).Except(readers).Any());
            await node.PublishAsync("connected again");

            await Limits.UntilAsync(async () => !(await ConnectionsToSentinelAsync()).Intersect(connections).Any());
        }

        Task<string[]> ReadersAsync() => IdsAsync(master, "ServerSentEvents-reading");

        // The client library gives no names to these connections. The one of the administrator has a name.
        Task<string[]> ConnectionsToSentinelAsync() => IdsAsync(sentinel, "");
    }

    /// <summary>Returns the ids of the connections with a name.</summary>
    private static async Task<string[]> IdsAsync(RedisServer server, string name) =>
    [
        .. ((string)(await server.CommandAsync("CLIENT", "LIST"))!).Split('\n')
            .Where(line => line.Contains($" name={name} ", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]),
    ];
}
