using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests that clients whose connections break at random bytes get every event once and in order.</summary>
[Trait("Category", "Slow")]
public sealed class CopyStressTests
{
    private const int Clients = 20;
    private const int Publishers = 2;
    private const int EventsPerPublisher = 2_500;

    [Fact]
    public async Task CopyToAsync_StreamsBreakAtRandomBytes_ResumesWithEachEventOnceAndInOrder()
    {
        var publisher = new Publisher<int>(
            new PublisherOptions { HistoryCapacity = Publishers * EventsPerPublisher + 1, QueueCapacity = 64 });
        var clients = Enumerable.Range(0, Clients).Select(number => new Client(publisher, number)).ToList();
        // A client without an id cannot resume, so each client reads one event first.
        var started = clients.ConvertAll(client => client.StartAsync());
        publisher.Publish("start");
        await Task.WhenAll(started).WaitAsync(Limits.Patience);
        var running = clients.ConvertAll(client => Task.Run(client.RunAsync));

        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(name => OwnThread.RunAsync(() => PublishAll(publisher, name))));
        publisher.Publish("end");
        // Clients that have read "end" wait until their stream ends. The others reconnect.
        var all = Task.WhenAll(running);
        await Limits.UntilAsync(() =>
        {
            publisher.Close();
            return all.IsCompleted;
        });
        await all;

        var order = clients[0].Events.ConvertAll(Name);
        order.Should().OnlyHaveUniqueItems().And.HaveCount(Publishers * EventsPerPublisher + 1);
        foreach (var client in clients)
        {
            client.Events.ConvertAll(Name).SequenceEqual(order)
                .Should().BeTrue("all clients should get each event once and in the same order");
            client.Events.Where(text => text.Contains(" for ", StringComparison.Ordinal))
                .Should().OnlyContain(text => text.EndsWith($" for {client.Number}", StringComparison.Ordinal));
        }

        clients.Sum(client => client.Connections).Should().BeGreaterThan(2 * Clients, "connections should have failed");
    }

    private static void PublishAll(Publisher<int> publisher, int name)
    {
        for (var i = 0; i < EventsPerPublisher; i++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{name} {i}");
            if (i % 4 == 0)
                publisher.Publish(number => string.Create(CultureInfo.InvariantCulture, $"{text} for {number}"));
            else
                publisher.Publish(text);
        }
    }

    private static string Name(string text) => text.Split(" for ")[0];

    private sealed class Client(Publisher<int> publisher, int number)
    {
        private readonly Random _random = new(number);
        private string? _lastId;

        public int Number { get; } = number;

        public int Connections { get; private set; }

        public List<string> Events { get; } = [];

        /// <summary>Subscribes before it returns its task. Then it reads the first event and keeps the id.</summary>
        public async Task StartAsync()
        {
            var reader = publisher.Subscribe(properties: Number).AsItems().GetAsyncEnumerator();
            _lastId = (await reader.NextAsync()).EventId;
            await reader.DisposeAsync();
        }

        public async Task RunAsync()
        {
            while (Events.Count == 0 || Events[^1] != "end")
            {
                Connections++;
                var subscription = publisher.Subscribe(new SubscribeOptions<int> { Properties = Number, LastEventId = _lastId });
                subscription.Resume.Should().Be(ResumeResult.Resumed);
                var stream = new FailingStream(at: _random.Next(40, 20_000));
                var copy = subscription.CopyToAsync(stream);
                try
                {
                    await copy;
                }
                catch (IOException)
                {
                    // Expected: the connection is broken.
                }

                AddEvents(stream);
            }
        }

        /// <summary>Adds the events that arrived completely, as a client does, and keeps the id of the last one.</summary>
        private void AddEvents(FailingStream stream)
        {
            stream.Position = 0;
            foreach (var item in SseParser.Create(stream).Enumerate())
            {
                Events.Add(item.Data);
                // Do not use LastEventId of the parser: it includes the id of an incomplete event.
                _lastId = item.EventId;
            }
        }
    }
}
