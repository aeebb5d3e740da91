using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Time and bytes for each delivery. With fewer subscribers there are more publishes, and each of them makes a frame. The queues
/// are emptied between the iterations.
/// </summary>
public class PublishBenchmarks
{
    private const int Deliveries = 400_000;

    private Audience _audience;
    private BareLoop _bareLoop;
    private int _publishes;

    [Params(1, 100, 10_000, 100_000)]
    public int Subscribers { get; set; }

    [GlobalSetup(Target = nameof(BareLoop))]
    public void SetUpBareLoop()
    {
        _publishes = Deliveries / Subscribers;
        _bareLoop = new BareLoop(Subscribers, capacity: Deliveries);
    }

    [GlobalSetup(Targets = [nameof(Shared), nameof(Personalized)])]
    public void SetUpAudience()
    {
        _publishes = Deliveries / Subscribers;
        _audience = new Audience(Subscribers, queueCapacity: Deliveries);
    }

    [IterationSetup]
    public void Drain()
    {
        _bareLoop?.Drain();
        _audience?.Drain();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Deliveries)]
    public int BareLoop()
    {
        var delivered = 0;
        for (var i = 0; i < _publishes; i++)
            delivered += _bareLoop.Publish("an event");
        return delivered;
    }

    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int Shared()
    {
        var delivered = 0;
        for (var i = 0; i < _publishes; i++)
            delivered += _audience.Publisher.Publish("an event");
        return delivered;
    }

    [Benchmark(OperationsPerInvoke = Deliveries)]
    public int Personalized()
    {
        var delivered = 0;
        for (var i = 0; i < _publishes; i++)
            delivered += _audience.Publisher.Publish(static properties => properties);
        return delivered;
    }
}
