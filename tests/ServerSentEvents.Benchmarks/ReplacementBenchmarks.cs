using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>The replacement of an event in a queue that holds one event for each key. Nothing is read.</summary>
public class ReplacementBenchmarks
{
    private readonly Publisher _publisher = new(new PublisherOptions { QueueCapacityBytes = long.MaxValue });
    private string[] _keys;
    private Subscription<object?> _subscription;
    private int _next;

    [Params(10, 10_000)]
    public int Keys { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _keys = [.. Enumerable.Range(0, Keys).Select(number => $"key {number}")];
        _subscription = _publisher.Subscribe(
            new SubscribeOptions<object?> { QueueCapacity = Keys, ConflationKey = static item => item.EventType });
        foreach (var key in _keys)
            _publisher.Publish("an event", eventType: key);
    }

    [GlobalCleanup]
    public void Check()
    {
        if (_subscription.QueuedEvents != Keys || _subscription.EndReason is not null)
            throw new InvalidOperationException("An event was not replaced.");
    }

    [Benchmark]
    public int Replace()
    {
        _next = _next + 1 < Keys ? _next + 1 : 0;
        return _publisher.Publish("an event", eventType: _keys[_next]);
    }
}
