using ServerSentEvents.RabbitMQ.Tests.Scenarios;
using Xunit.Abstractions;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

public sealed class HoppingTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Hopping_ConnectionsCutAgainAndAgain_EveryEventOnceInOrder()
    {
        var stream = new InMemoryStream();
        await using var one = await TestNode.StartAsync(stream);
        await using var other = await TestNode.StartAsync(stream);

        await new HoppingClients([one, other], clients: 20, events: 10_000, output).RunAsync("cut", async () =>
        {
            for (var cut = 0; cut < 10; cut++)
            {
                stream.Cut();
                await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
            }
        });
    }
}
