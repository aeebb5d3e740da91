using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Time and bytes for each delivery with and without a gap event. The queues are emptied between the iterations, and drop
/// nothing, so that no gap event is sent.
/// </summary>
public class GapEventBenchmarks
{
    private const int Deliveries = 200_000;

    private Audience _audience;
    private int _publishes;

    [Params(100, 1_000)]
    public int Subscribers { get; set; }

    [GlobalSetup(Target = nameof(Plain))]
    public void SetUpPlain() => SetUp(hasGapEvent: false);

    [GlobalSetup(Target = nameof(GapEvent))]
    public void SetUpGapEvent() => SetUp(hasGapEvent: true);

    [IterationSetup]
    public void Drain() => _audience.Drain();

    [Benchmark(Baseline = true, OperationsPerInvoke = Deliveries)]
    public int Plain() => Publish();

    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int GapEvent() => Publish();

    private void SetUp(bool hasGapEvent)
    {
        _publishes = Deliveries / Subscribers;
        _audience = new Audience(
            Subscribers,
            queueCapacity: Deliveries,
            overflow: QueueOverflow.DropOldest,
            gapEvent: hasGapEvent ? new("", "gap") : null);
    }

    private int Publish()
    {
        var delivered = 0;
        for (var i = 0; i < _publishes; i++)
            delivered += _audience.Publisher.Publish("an event");
        return delivered;
    }
}
