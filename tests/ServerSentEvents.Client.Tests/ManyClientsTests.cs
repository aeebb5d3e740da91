using System.Globalization;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests many clients of the project's own server, while connections break and the server restarts.</summary>
[Collection(nameof(RunAlone))]
public sealed class ManyClientsTests
{
    private const int Clients = 200;
    private const int Events = 10_000;
    private const int Restarts = 3;

    [Fact]
    public async Task Read_ConnectionsCutAndServerRestarts_EachEventOnceAndInOrder()
    {
        using var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = Events,
            ReconnectionInterval = TimeSpan.FromMilliseconds(100),
        });
        // The first event gives each client a position. It resumes from there even if its first connection breaks.
        publisher.Publish("0", eventId: "start");
        await using var host = await RestartableHost.StartAsync(publisher);
        var connections = new CuttingConnections(new Random(3), maxBytes: 50_000);
        using var http = new HttpClient(connections.NewHandler());
        var received = new int[Clients];
        var readers = Enumerable.Range(0, Clients).Select(ReadAsync).ToList();

        var publishing = Task.Run(async () =>
        {
            for (var number = 1; number <= Events; number++)
            {
                publisher.Publish(number.ToString(CultureInfo.InvariantCulture));
                // The slowest client stays within reach, so that connections are cut and restarted amid the stream.
                var least = number - 1_000;
                if (number % 100 == 0)
                    await Limits.UntilAsync(() => received.Min() >= least || readers.Any(reader => reader.IsFaulted));
            }
        });
        for (var restart = 1; restart <= Restarts; restart++)
        {
            var due = Events * restart / (Restarts + 1);
            await Limits.UntilAsync(() => received.Max() >= due || readers.Any(reader => reader.IsFaulted));
            await host.StopAsync();
            await host.StartAsync();
        }

        await Task.WhenAll(readers).WaitAsync(3 * Limits.Patience);
        await publishing.WaitAsync(Limits.Patience);

        connections.Cuts.Should().BeGreaterThan(Clients, "connections were cut");
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 0, "no request is left behind");

        async Task ReadAsync(int client)
        {
            var stream = new EventStreamClient(http, new() { LastEventId = "start", ReconnectionInterval = TimeSpan.FromMilliseconds(100) })
                .ReadAsync(host.AddressOf(1));
            await foreach (var item in stream)
            {
                var number = int.Parse(item.Data, CultureInfo.InvariantCulture);
                number.Should().Be(received[client] + 1, "each event comes once and in order");
                Volatile.Write(ref received[client], number);
                if (number == Events)
                    break;
            }
        }
    }
}
