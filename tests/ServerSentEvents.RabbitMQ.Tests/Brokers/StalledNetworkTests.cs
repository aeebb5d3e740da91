using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>A network that stalls without closing its connections.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class StalledNetworkTests(SingleBroker broker)
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public async Task DisposeAsync_NetworkIsStalled_TakesThreeSecondsAtMost()
    {
        await using var proxy = NewProxy();
        var node = await TestNode.StartAsync(Open(proxy));

        proxy.Stall();
        var stopwatch = Stopwatch.StartNew();
        await node.DisposeAsync();

        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(3));
    }

    [SkippableFact]
    public async Task DisposeAsync_ConnectsOverAStalledNetwork_TakesThreeSecondsAtMost()
    {
        await using var proxy = NewProxy();
        proxy.Stall();
        var node = TestNode.Start(Open(proxy));
        await Limits.UntilAsync(() => proxy.Connections > 0);

        var stopwatch = Stopwatch.StartNew();
        await node.DisposeAsync();

        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(3));
    }

    [SkippableFact]
    public async Task IsCaughtUp_NetworkIsStalled_IsFalseWithinThirtySecondsAndTrueAgainLater()
    {
        await using var proxy = NewProxy();
        await using var node = await TestNode.StartAsync(Open(proxy));
        await using var elsewhere = await TestNode.StartAsync(broker.Open(_stream));
        await using var client = node.Connect();

        proxy.Stall();
        var stopwatch = Stopwatch.StartNew();
        await Limits.UntilAsync(() => node.Backplane.CheckHealth(HealthStatus.Unhealthy).Status == HealthStatus.Degraded && !node.Backplane.IsCaughtUp);
        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(30));
        await elsewhere.PublishAsync("during");
        proxy.GoOn();

        (await client.NextAsync()).Data.Should().Be("during");
        client.EndReason.Should().BeNull();
    }

    private TcpProxy NewProxy()
    {
        Skip.If(broker.Nodes.Count == 0);
        return new TcpProxy(broker.Nodes[0].Port);
    }

    private RabbitMQTransport Open(TcpProxy proxy) => new(StreamSettings.From(new RabbitMQBackplaneOptions<string>
    {
        ConnectionFactory = new ConnectionFactory { Port = proxy.Port },
        StreamName = _stream,
    }));
}
