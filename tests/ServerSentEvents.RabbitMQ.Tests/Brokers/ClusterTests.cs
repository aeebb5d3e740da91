using ServerSentEvents.RabbitMQ.Tests.Scenarios;
using Xunit.Abstractions;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>What happens to one node of a broker of three.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class ClusterTests(ThreeBrokers broker, ITestOutputHelper output) : IClassFixture<ThreeBrokers>
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hopping_OneOfThreeIsKilled_EveryEventOnceInOrder(bool isLeader)
    {
        await using var one = await TestNode.StartAsync(broker.Open(_stream));
        await using var other = await TestNode.StartAsync(broker.Open(_stream));
        var leader = await broker.LeaderOfAsync(_stream);
        var victim = isLeader ? leader : broker.Nodes.First(node => node != leader);

        await new HoppingClients([one, other], clients: 100, events: 20_000, output)
            .RunAsync(isLeader ? "leader killed" : "follower killed", victim.KillAsync);

        await victim.StartAsync();
    }
}
