using System.Net.ServerSentEvents;
using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Time and bytes for each delivery with and without a conflation key. The queues are emptied between the iterations, and drop
/// nothing.
/// </summary>
public class ConflationBenchmarks
{
    private const int Deliveries = 200_000;

    private Audience _audience;
    private string[] _keys;
    private int _publishes;

    [Params(100, 1_000)]
    public int Subscribers { get; set; }

    [GlobalSetup(Target = nameof(NoKey))]
    public void SetUpNoKey() => SetUp(keyFunction: null);

    [GlobalSetup(Targets = [nameof(Miss), nameof(Hit)])]
    public void SetUpKey() => SetUp(static item => item.EventType);

    [GlobalSetup(Target = nameof(BesideOneThatConflates))]
    public void SetUpNeighbor()
    {
        SetUp(keyFunction: null);
        _audience.Publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = static item => item.EventType,
            QueueCapacity = 16,
            QueueOverflow = QueueOverflow.DropOldest,
        });
    }

    [IterationSetup]
    public void Drain() => _audience.Drain();

    /// <summary>Publishes to plain queues.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Deliveries)]
    public int NoKey() => Publish(keys: _publishes);

    /// <summary>Publishes a new key each time.</summary>
    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int Miss() => Publish(keys: _publishes);

    /// <summary>Publishes ten keys in turns, so that nearly each event replaces a queued one.</summary>
    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int Hit() => Publish(keys: 10);

    /// <summary>Publishes to plain queues, and to one more that conflates.</summary>
    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int BesideOneThatConflates() => Publish(keys: _publishes);

    private void SetUp(Func<SseItem<string>, string?>? keyFunction)
    {
        _publishes = Deliveries / Subscribers;
        _keys = [.. Enumerable.Range(0, _publishes).Select(number => $"key {number}")];
        _audience = new Audience(Subscribers, queueCapacity: Deliveries, keyFunction);
    }

    private int Publish(int keys)
    {
        var delivered = 0;
        for (var i = 0; i < _publishes; i++)
            delivered += _audience.Publisher.Publish("an event", eventType: _keys[i % keys]);
        return delivered;
    }
}
