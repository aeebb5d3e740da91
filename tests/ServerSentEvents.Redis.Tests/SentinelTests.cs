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
        await node.PublishAsync("after");

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
        var before = (await ClientsAsync(sentinel)).Length;

        for (var loss = 0; loss < 3; loss++)
        {
            var ids = await ReadersAsync();
            await master.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await Limits.UntilAsync(async () => node.Backplane.IsCaughtUp && (await ReadersAsync()).Except(ids).Any());
            await node.PublishAsync("connected again");
        }

        await Limits.UntilAsync(async () => (await ClientsAsync(sentinel)).Length <= before);

        async Task<string[]> ReadersAsync() => [.. (await ClientsAsync(master))
            .Where(line => line.Contains("name=ServerSentEvents-reading", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];
    }

    private static async Task<string[]> ClientsAsync(RedisServer server) =>
        ((string)(await server.CommandAsync("CLIENT", "LIST"))!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
