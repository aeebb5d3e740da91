using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Time and bytes for each event of a source, and of a loop that publishes the same events. No queue becomes half full, so the
/// source never waits.
/// </summary>
public class SourceBenchmarks
{
    private const int Events = 2_000;

    private Audience _audience;

    [Params(1, 100)]
    public int Subscribers { get; set; }

    [GlobalSetup]
    public void SetUp() => _audience = new Audience(Subscribers, queueCapacity: 16 * Events);

    [IterationSetup]
    public void Drain() => _audience.Drain();

    [Benchmark(Baseline = true, OperationsPerInvoke = Events)]
    public int Loop()
    {
        var delivered = 0;
        for (var i = 0; i < Events; i++)
            delivered += _audience.Publisher.Publish("an event");
        return delivered;
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public Task<long> PublishAllAsync() => _audience.Publisher.PublishAllAsync(Source());

    private static async IAsyncEnumerable<string> Source()
    {
        await Task.CompletedTask;
        for (var i = 0; i < Events; i++)
            yield return "an event";
    }
}
