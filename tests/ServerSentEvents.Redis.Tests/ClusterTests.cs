using ServerSentEvents.Redis.Tests.Servers;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests a cluster of several masters. The stream is on one of them.</summary>
public sealed class ClusterTests
{
    private const string Key = "events";

    [SkippableFact]
    public async Task Failover_ClusterPromotesTheReplica_EventsArriveOnceAndClientsStay()
    {
        await using var cluster = await RedisCluster.StartAsync(Key);
        await using var node = await TestNode.StartAsync(cluster.Open(Key, waitForReplicas: 1));
        await using var client = node.Connect();
        await node.PublishAsync("a", 100);

        await cluster.FailOverAsync();
        // The new master has no replica, so the node can confirm nothing more.
        await using var after = await TestNode.StartAsync(cluster.Open(Key));
        await after.PublishAsync("last");

        (await client.NextAsync(101)).Should().Equal([.. TestNode.Numbered("a", 100), "last"]);
        node.Log.Warnings.Should().NotContain(line => line.Contains("gaps", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task MasterKilled_StreamIsOnAnotherMaster_NodesStayConnectedAndNewOnesConnect()
    {
        await using var cluster = await RedisCluster.StartAsync(Key);
        await using var node = await TestNode.StartAsync(cluster.Open(Key));
        await using var client = node.Connect();
        await node.PublishAsync("before");

        var killed = await cluster.StopOtherMasterAsync();
        await node.PublishAsync("after");
        await using var other = await TestNode.StartAsync(cluster.Open(Key));
        await other.PublishAsync("last");

        (await client.NextAsync(3)).Should().Equal("before", "after", "last");
        // Other warnings come from a busy machine, on which Redis answers too late.
        node.Log.Warnings.Should().NotContain(line => line.Contains($"{killed} was lost", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task PublishAsync_StreamMovesToAServerWithoutReplicas_IsNotConfirmed()
    {
        await using var cluster = await RedisCluster.StartAsync(Key);
        await using var node = await TestNode.StartAsync(
            cluster.Open(Key, waitForReplicas: 1), options => options.PublishTimeout = TimeSpan.FromSeconds(5));

        await cluster.BeginToMoveStreamAsync(Key);

        (await node.TryPublishAsync("a")).Should().BeFalse("the replica of the former server does not have the event");
    }

    [SkippableFact]
    public async Task Resharding_StreamMovesToAnotherMaster_EventsArriveOnceAndClientsStay()
    {
        await using var cluster = await RedisCluster.StartAsync(Key);
        await using var node = await TestNode.StartAsync(cluster.Open(Key));
        await using var client = node.Connect();
        await node.PublishAsync("a", 100);

        await cluster.MoveStreamAsync(Key);
        await node.PublishAsync("b", 100);

        (await client.NextAsync(200)).Should().Equal([.. TestNode.Numbered("a", 100), .. TestNode.Numbered("b", 100)]);
        await using var resumed = node.Connect(client.LastEventId);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
    }
}
