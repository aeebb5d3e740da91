using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// A publish to ten subscribers, the subscribe and the end of one, and a change of channels, beside many other subscribers.
/// </summary>
public class NeighborBenchmarks
{
    private Publisher _publisher;
    private Subscription<object?> _moving;

    [Params(0, 100_000)]
    public int Others { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        // There is no reader: a full queue drops its oldest event for each new one.
        _publisher = new Publisher(new PublisherOptions { QueueCapacity = 16, QueueOverflow = QueueOverflow.DropOldest });
        for (var i = 0; i < 10; i++)
            _publisher.Subscribe("small");
        for (var i = 0; i < Others; i++)
            _publisher.Subscribe("large");
        _moving = _publisher.Subscribe("own");
    }

    [Benchmark]
    public int PublishToTen() => _publisher.Publish("an event", "small");

    [Benchmark]
    public void SubscribeAndDispose() => _publisher.Subscribe("large").Dispose();

    [Benchmark]
    public bool JoinAndLeave() => _moving.Join("large") && _moving.Leave("large");
}
