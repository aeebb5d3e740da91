using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Clients whose connections break at any byte, and who come back, have every event once and in order.</summary>
public sealed class CopyStressTests
{
    private const int Clients = 20;
    private const int Publishers = 2;
    private const int EventsOfEach = 2_500;

    [Fact]
    public async Task CopyTo_StreamsBreakAtRandomBytes_ResumingGivesEveryEventOnceAndInOrder()
    {
        var publisher = new Publisher<int>(new PublisherOptions { HistoryCapacity = Publishers * EventsOfEach + 1, QueueCapacity = 64 });
        var clients = Enumerable.Range(0, Clients).Select(number => new Client(publisher, number)).ToList();
        // Whoever has no id yet is new, and misses what was before: each begins with one event.
        var begun = clients.ConvertAll(client => client.BeginAsync());
        publisher.Publish("begin");
        await Task.WhenAll(begun).WaitAsync(Streams.Limit);
        var running = clients.ConvertAll(client => Task.Run(client.RunAsync));

        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(name => Task.Factory.StartNew(
            () => PublishAll(publisher, name), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).WaitAsync(Streams.Limit);
        publisher.Publish("end");
        // Whoever has had the end waits for more, until the stream ends; whoever has not comes back once more.
        var all = Task.WhenAll(running).WaitAsync(2 * Streams.Limit);
        while (!all.IsCompleted)
        {
            publisher.Close();
            await Task.Yield();
        }

        await all;

        var order = clients[0].Events.ConvertAll(Name);
        order.Should().OnlyHaveUniqueItems().And.HaveCount(Publishers * EventsOfEach + 1);
        foreach (var client in clients)
        {
            client.Events.ConvertAll(Name).SequenceEqual(order).Should().BeTrue("all have every event, once and in one order");
            client.Events.Where(text => text.Contains(" for ", StringComparison.Ordinal))
                .Should().OnlyContain(text => text.EndsWith($" for {client.Number}", StringComparison.Ordinal));
        }

        clients.Sum(client => client.Connections).Should().BeGreaterThan(2 * Clients, "connections have broken");
    }

    private static void PublishAll(Publisher<int> publisher, int name)
    {
        for (var i = 0; i < EventsOfEach; i++)
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

        /// <summary>Has the first event, and its id. It is subscribed when this returns its task.</summary>
        public async Task BeginAsync()
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
                    // As it is meant to be.
                }

                Take(stream);
            }
        }

        /// <summary>Takes the events that have come whole, as a client does, and the id of the last.</summary>
        private void Take(FailingStream stream)
        {
            stream.Position = 0;
            foreach (var item in SseParser.Create(stream).Enumerate())
            {
                Events.Add(item.Data);
                // The parser's own LastEventId is no client's: it has taken the id of an event that did not come whole.
                _lastId = item.EventId;
            }
        }
    }
}
