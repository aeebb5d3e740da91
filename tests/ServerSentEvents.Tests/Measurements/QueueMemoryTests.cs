using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures the memory that queues hold, of clients that take nothing and after a backlog.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class QueueMemoryTests(ITestOutputHelper output)
{
    private const int Clients = 100;

    [Fact]
    public async Task CopyToAsync_LargeEventToStuckClients_IsNotCopiedForEach()
    {
        const int eventBytes = 10_000_000;
        var publisher = new Publisher();
        var clients = NewClients(publisher);
        await PublishAsync(publisher, clients, "warm-up");
        var before = GC.GetTotalMemory(forceFullCollection: true);

        publisher.Publish(new string('x', eventBytes));
        foreach (var client in clients)
            await client.WaitAsync();

        var held = GC.GetTotalMemory(forceFullCollection: true) - before - eventBytes;
        output.WriteLine($"{held:N0} bytes held by {Clients} stuck clients beyond one event of {eventBytes:N0} bytes");
        held.Should().BeLessThan(30_000_000);
        publisher.GetSubscribers().Should().HaveCount(Clients);
        GC.KeepAlive(clients);
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task CopyToAsync_PersonalizedEventsToStuckClients_HoldsAtMostTheBoundForEach(QueueOverflow overflow)
    {
        const int bound = 1024 * 1024;
        const int piece = 64 * 1024;
        // The clock stands still, so that the linger timeout frees no memory.
        var publisher = new Publisher(new PublisherOptions
        {
            TimeProvider = new FakeTimeProvider(),
            QueueCapacityBytes = bound,
            QueueOverflow = overflow,
        });
        var clients = NewClients(publisher);
        await PublishAsync(publisher, clients, "warm-up");
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < 300; i++)
        {
            publisher.Publish(_ => new string('x', 10_000));
            // Each copy has taken its piece before the queue can be full.
            for (var j = 0; i == 20 && j < Clients; j++)
                await clients[j].WaitAsync();
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Clients;
        output.WriteLine($"{each:N0} bytes held for each stuck client");
        // Each event in a queue has an object besides its bytes.
        each.Should().BeGreaterThan(bound / 2).And.BeLessThan((bound + piece) * 105 / 100);
        GC.KeepAlive(publisher);
        GC.KeepAlive(clients);
    }

    [Fact]
    public async Task Read_QueueWasFull_KeepsEightBytesForEachPlace()
    {
        var options = new PublisherOptions();
        var publisher = new Publisher(options);
        var readers = Enumerable.Range(0, Clients).Select(_ => publisher.Subscribe().AsItems().GetAsyncEnumerator()).ToList();
        await PublishAndReadAsync(1);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await PublishAndReadAsync(options.QueueCapacity);

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Clients;
        output.WriteLine($"{each:N0} bytes held by each empty queue");
        each.Should().BeInRange(7 * options.QueueCapacity, 9 * options.QueueCapacity);
        GC.KeepAlive(publisher);

        async Task PublishAndReadAsync(int events)
        {
            for (var i = 0; i < events; i++)
                publisher.Publish("x");
            foreach (var reader in readers)
            {
                for (var i = 0; i < events; i++)
                    await reader.MoveNextAsync();
            }
        }
    }

    private static List<SlowClient> NewClients(Publisher publisher) =>
        [.. Enumerable.Range(0, Clients).Select(_ => new SlowClient(publisher.Subscribe()))];

    private static async Task PublishAsync(Publisher publisher, List<SlowClient> clients, string data)
    {
        publisher.Publish(data);
        foreach (var client in clients)
        {
            await client.WaitAsync();
            client.Take();
        }
    }
}
