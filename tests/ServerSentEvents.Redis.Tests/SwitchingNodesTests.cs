using ServerSentEvents.Redis.Tests.Servers;
using Xunit.Abstractions;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests clients that switch between two nodes, over a real server.</summary>
public sealed class SwitchingNodesTests(ITestOutputHelper output)
{
    private const string Key = "events";

    [SkippableFact]
    public async Task SwitchingNodes_ServerIsKilledRepeatedly_EachEventArrivesOnceInOrder()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.Durable);
        await using var one = await TestNode.StartAsync(server.Open(Key));
        await using var other = await TestNode.StartAsync(server.Open(Key));

        await new SwitchingClients([one, other], clients: 100, events: 20_000, output).RunAsync("killed", async () =>
        {
            for (var kill = 0; kill < 5; kill++)
            {
                await server.StopAsync();
                await server.StartAsync();
                await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
            }
        });
    }

    [SkippableFact]
    public async Task SwitchingNodes_NoOutage_EachEventArrivesOnceInOrder()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var one = await TestNode.StartAsync(server.Open(Key));
        await using var other = await TestNode.StartAsync(server.Open(Key));

        await new SwitchingClients([one, other], clients: 100, events: 20_000, output).RunAsync("quiet", () => Task.CompletedTask);
    }
}
