using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>A failover that Sentinel decides.</summary>
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
            sentinel down-after-milliseconds shop 500
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
}
