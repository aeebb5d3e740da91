using System.Globalization;
using ServerSentEvents.Backplane.Contract;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests many clients of the project's own server, while connections break and nodes restart.</summary>
[Collection(nameof(RunAlone))]
public sealed class ManyClientsTests
{
    private const int Clients = 200;
    private const int Events = 10_000;
    private const int Restarts = 6;

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Read_ConnectionsCutAndNodesRestart_EachEventOnceAndInOrder()
    {
        var stream = new InMemoryStream();
        await using var worker = await TestNode.StartAsync(stream);
        // The first event gives each client a position. It resumes from there even if its first connection breaks.
        var start = await PublishFirstAsync(worker);
        await using var one = await WebNode.StartAsync(stream);
        await using var other = await WebNode.StartAsync(stream);
        WebNode[] nodes = [one, other];
        var connections = new CuttingConnections(new Random(3), maxBytes: 50_000);
        using var http = new HttpClient(connections.NewHandler());
        var received = new int[Clients];
        var published = 0;
        var readers = Enumerable.Range(0, Clients).Select(ReadAsync).ToList();

        var publishing = Task.Run(async () =>
        {
            foreach (var numbers in Enumerable.Range(1, Events).Chunk(100))
            {
                await Task.WhenAll(numbers.Select(number => worker.PublishAsync(number.ToString(CultureInfo.InvariantCulture))));
                Volatile.Write(ref published, numbers[^1]);
                // The slowest client stays within reach, so that connections are cut and nodes restart amid the stream.
                await UntilAsync(() => received.Min() >= numbers[^1] - 1_000);
            }
        });
        for (var restart = 1; restart <= Restarts; restart++)
        {
            var due = Events * restart / (Restarts + 1);
            await UntilAsync(() => received.Max() >= due);
            var node = nodes[restart % nodes.Length];
            await (restart <= Restarts / 2 ? node.StopAsync() : node.DisposeAsync().AsTask());
            var missed = Volatile.Read(ref published) + 1;
            await UntilAsync(() => Volatile.Read(ref published) >= missed);
            await node.StartAsync();
        }

        await Task.WhenAll(readers).WaitAsync(3 * Limits.Patience);
        await publishing.WithinPatience();

        connections.Cuts.Should().BeGreaterThan(Clients, "connections were cut");
        await Limits.UntilAsync(() => nodes.All(node => node.Publisher.GetSubscribers().Count == 0), "no request is left behind");

        async Task ReadAsync(int client)
        {
            // Each attempt goes to the other node.
            var attempt = client;
            var events = new EventStreamClient(http, new() { LastEventId = start, ReconnectionInterval = TimeSpan.FromMilliseconds(100) })
                .ReadAsync(_ => new(new HttpRequestMessage(HttpMethod.Get, nodes[attempt++ % nodes.Length].Address)));
            await foreach (var item in events)
            {
                var number = int.Parse(item.Data, CultureInfo.InvariantCulture);
                if (number != received[client] + 1)
                    throw new InvalidOperationException($"Client {client} got event {number} after event {received[client]}.");
                Volatile.Write(ref received[client], number);
                if (number == Events)
                    break;
            }
        }

        Task UntilAsync(Func<bool> condition) => Limits.UntilAsync(() => condition() || readers.Any(reader => reader.IsFaulted));
    }

    /// <summary>Publishes an event, and returns its id.</summary>
    private static async Task<string> PublishFirstAsync(TestNode node)
    {
        await using var client = node.Connect();
        await node.PublishAsync("0");
        return (await client.NextAsync()).EventId!;
    }
}
