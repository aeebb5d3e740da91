using Xunit.Abstractions;

namespace ServerSentEvents.Backplane.Tests.InMemory;

/// <summary>Tests the contract of a transport, without a broker.</summary>
public sealed class InMemoryTransportTests : TransportContract
{
    protected override ITestBroker Broker { get; } = new InMemoryBroker();
}

/// <summary>Tests the contract of a backplane, without a broker.</summary>
public sealed class InMemoryBackplaneTests(ITestOutputHelper output) : BackplaneContract
{
    protected override ITestBroker Broker { get; } = new InMemoryBroker();

    [Fact]
    public async Task SwitchingNodes_ConnectionsAreCutRepeatedly_EachEventArrivesOnceInOrder()
    {
        var stream = new InMemoryStream();
        await using var one = await TestNode.StartAsync(stream);
        await using var other = await TestNode.StartAsync(stream);

        await new SwitchingClients([one, other], clients: 20, events: 10_000, output).RunAsync("cut", async () =>
        {
            for (var cut = 0; cut < 10; cut++)
            {
                stream.Cut();
                await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
            }
        });
    }
}
