using RabbitMQ.Client;
using Xunit.Abstractions;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests failures of one or two nodes of a broker of three.</summary>
[Collection(nameof(OwnBrokersInTurn))]
public sealed class ClusterTests(ThreeBrokers broker, ITestOutputHelper output) : IClassFixture<ThreeBrokers>
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SwitchingNodes_OneOfThreeIsKilled_EachEventArrivesOnceInOrder(bool isLeader)
    {
        await using var one = await TestNode.StartAsync(broker.Open(_stream));
        await using var other = await TestNode.StartAsync(broker.Open(_stream));
        var leader = await broker.LeaderOfAsync(_stream);
        var victim = isLeader ? leader : broker.Nodes.First(node => node != leader);

        try
        {
            await new SwitchingClients([one, other], clients: 100, events: 20_000, output)
                .RunAsync(isLeader ? "leader killed" : "follower killed", victim.KillAsync);
        }
        finally
        {
            await victim.StartAsync();
        }
    }

    [SkippableFact]
    public async Task ConnectAsync_NodeHasNoReplicaOfTheStream_TriesAgainUntilItHas()
    {
        await using var node = await TestNode.StartAsync(broker.Open(_stream));
        var leader = await broker.LeaderOfAsync(_stream);
        var follower = broker.Nodes.First(each => each != leader);
        var log = new TestLog();
        var options = broker.NewOptions(_stream);
        options.Endpoints = [new AmqpTcpEndpoint("127.0.0.1", follower.Port)];
        (options.LoggerFactory, options.PublishTimeout) = (log, Limits.Patience);
        using var publisher = new Publisher<string>();

        await ChangeReplicaAsync("delete_replica");
        var connecting = RabbitMQBackplane<string>.ConnectAsync(publisher, options);
        await Limits.UntilAsync(() => connecting.IsCompleted
            || log.Warnings.Any(text => text.Contains("replica on the local node", StringComparison.Ordinal)));
        await ChangeReplicaAsync("add_replica");

        await using var backplane = await connecting.WithinPatience();
        // The broker can move the new replica once more, after the backplane has attached to it.
        await Limits.UntilAsync(() => backplane.IsCaughtUp);

        // While the broker elects a leader, it refuses to change replicas.
        Task ChangeReplicaAsync(string function) => Limits.UntilAsync(async () => (await leader.CtlAsync(
            "eval", $"rabbit_stream_queue:{function}(<<\"/\">>, <<\"{_stream}\">>, '{follower.Name}').")).Split('\n').Contains("ok"));
    }

    [SkippableFact]
    public async Task PublishAsync_TwoOfThreeAreGone_IsNotConfirmedUntilThereIsAQuorum()
    {
        await using var node = await TestNode.StartAsync(
            broker.Open(_stream), options => options.PublishTimeout = TimeSpan.FromSeconds(30));
        await using var client = node.Connect();
        await node.PublishAsync("before");
        (await client.NextAsync()).Data.Should().Be("before");
        var leader = await broker.LeaderOfAsync(_stream);
        var followers = broker.Nodes.Where(each => each != leader).ToList();

        await Task.WhenAll(followers.Select(follower => follower.KillAsync()));
        try
        {
            var publish = () => node.PublishAsync("alone");
            await publish.Should().ThrowAsync<TimeoutException>();
        }
        finally
        {
            await Task.WhenAll(followers.Select(follower => follower.StartAsync()));
        }

        await Limits.UntilAsync(() => node.TryPublishAsync("after"));
        var seen = new List<string>();
        while (seen.LastOrDefault() != "after")
            seen.Add((await client.NextAsync()).Data);
        seen.Where(data => data == "alone").Should().HaveCountLessThan(2);
        seen.Should().OnlyContain(data => data == "alone" || data == "after");
    }
}
