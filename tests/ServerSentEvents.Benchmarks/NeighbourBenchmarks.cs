using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>What a publish to ten subscribers costs, and a subscriber's coming and going, beside how many others.</summary>
public class NeighbourBenchmarks
{
    private Publisher _publisher;

    [Params(0, 100_000)]
    public int Others { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        // Nobody reads: full queues take in each event in place of their oldest.
        _publisher = new Publisher(new PublisherOptions { QueueCapacity = 16, QueueOverflow = QueueOverflow.DropOldest });
        for (var i = 0; i < 10; i++)
            _publisher.Subscribe("small");
        for (var i = 0; i < Others; i++)
            _publisher.Subscribe("large");
    }

    [Benchmark]
    public int PublishToTen() => _publisher.Publish("an event", "small");

    [Benchmark]
    public void SubscribeAndDispose() => _publisher.Subscribe("large").Dispose();
}
