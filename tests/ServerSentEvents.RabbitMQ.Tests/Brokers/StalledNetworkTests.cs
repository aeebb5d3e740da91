using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests a network that stalls without closing its connections.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class StalledNetworkTests(SingleBroker broker)
{
    /// <summary>The number of the method <c>connection.start</c>, the first answer of the broker.</summary>
    private const byte StartMethod = 10;

    /// <summary>The number of the method <c>connection.open-ok</c>, which ends the handshake.</summary>
    private const byte OpenOkMethod = 41;

    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public Task DisposeAsync_NetworkIsStalled_EndsWithoutTheBroker() => ShouldEndInTimeAsync(async proxy =>
    {
        var node = await TestNode.StartAsync(PatientOpen(proxy));
        proxy.Stall();
        return node;
    });

    [SkippableFact]
    public Task DisposeAsync_ConnectsOverAStalledNetwork_EndsWithoutTheBroker() => ShouldEndInTimeAsync(async proxy =>
    {
        proxy.Stall();
        var node = TestNode.Start(PatientOpen(proxy));
        await Limits.UntilAsync(() => proxy.Connections > 0);
        return node;
    });

    [SkippableFact]
    public Task DisposeAsync_NetworkStallsAfterTheHandshake_EndsWithoutTheBroker() => ShouldEndInTimeAsync(async proxy =>
    {
        var stalled = StallAfterAsync(proxy, OpenOkMethod);
        var node = TestNode.Start(PatientOpen(proxy));
        await stalled;
        return node;
    });

    [SkippableTheory]
    [InlineData(StartMethod)]
    [InlineData(OpenOkMethod)]
    public async Task Log_NetworkStallsDuringTheHandshake_SaysThatTheBrokerHasNotAnswered(byte method)
    {
        await using var proxy = NewProxy();
        var stalled = StallAfterAsync(proxy, method);
        await using var node = TestNode.Start(Open(proxy));
        await stalled;

        await Limits.UntilAsync(() => node.Log.Warnings.Any(text => text.Contains("not answered in time", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public async Task Log_NetworkStallsBeforeTheHandshake_ReportsANetworkTimeout()
    {
        await using var proxy = NewProxy();
        proxy.Stall();
        await using var node = TestNode.Start(Open(proxy));

        await Limits.UntilAsync(() => node.Log.Warnings.Any(text => text.Contains("network timeout", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public Task IsCaughtUp_NetworkIsStalled_IsFalseWithinThirtySecondsAndTrueAgainLater() => Limits.RetryAsync(async () =>
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
    });

    [SkippableFact]
    [Trait("Category", "Slow")]
    public Task IsCaughtUp_NetworkStallsWhileTheNodePublishes_IsFalseWithinThirtySecondsAndTrueAgainLater() => Limits.RetryAsync(async () =>
    {
        await using var proxy = NewProxy();
        await using var node = await TestNode.StartAsync(Open(proxy));
        await using var client = node.Connect();
        using var stopping = new CancellationTokenSource();
        var publishing = node.PublishUntilAsync(stopping.Token);
        await client.NextAsync(100);

        proxy.Stall();
        var stopwatch = Stopwatch.StartNew();
        await Limits.UntilAsync(() => node.HasLostConnections && !node.Backplane.IsCaughtUp);
        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(30));
        proxy.GoOn();

        await stopping.CancelAsync();
        await publishing.WithinPatience();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        client.EndReason.Should().BeNull();
    });

    /// <summary>Disposes of a node, which must wait for less than <see cref="PatientOpen"/> allows to the client library.</summary>
    private Task ShouldEndInTimeAsync(Func<TcpProxy, Task<TestNode>> start) => Limits.RetryAsync(async () =>
    {
        await using var proxy = NewProxy();
        var node = await start(proxy);
        var stopwatch = Stopwatch.StartNew();
        await node.DisposeAsync();
        stopwatch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(15));
    });

    /// <summary>Stalls the network after the broker has sent a method of the class <c>connection</c>.</summary>
    private static async Task StallAfterAsync(TcpProxy proxy, byte method)
    {
        byte[] id = [0, 10, 0, method];
        var isSent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        proxy.Answers = bytes =>
        {
            if (bytes.Span.IndexOf(id) < 0)
                return;
            proxy.Stall();
            isSent.TrySetResult();
        };
        await isSent.Task.WithinPatience();
    }

    private TcpProxy NewProxy()
    {
        RabbitMQPrograms.Require();
        return new TcpProxy(broker.Nodes[0].Port);
    }

    private RabbitMQTransport Open(TcpProxy proxy) => Open(proxy, new ConnectionFactory());

    /// <summary>Returns a transport whose client library waits for half a minute for each answer of the broker.</summary>
    private RabbitMQTransport PatientOpen(TcpProxy proxy) => Open(proxy, PrivateBroker.NewFactory());

    private RabbitMQTransport Open(TcpProxy proxy, ConnectionFactory factory)
    {
        factory.Port = proxy.Port;
        return new(RabbitMQSettings.From(new RabbitMQBackplaneOptions<string> { ConnectionFactory = factory, StreamName = _stream }));
    }
}
