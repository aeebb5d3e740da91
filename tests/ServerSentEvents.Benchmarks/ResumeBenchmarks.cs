using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>A resume after a number of missed events, without the reading of these events.</summary>
public class ResumeBenchmarks
{
    private const int History = 10_000;

    private Publisher _publisher;
    private SubscribeOptions<object?> _options;

    [Params(1, 100, History)]
    public int Missed { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _publisher = new Publisher(new PublisherOptions { HistoryCapacity = History });
        for (var i = 0; i < History; i++)
            _publisher.Publish("an event");

        using var witness = _publisher.Subscribe();
        _publisher.Publish("the last one seen");
        await foreach (var item in witness.AsItems())
        {
            _options = new SubscribeOptions<object?> { LastEventId = item.EventId };
            break;
        }

        for (var i = 0; i < Missed; i++)
            _publisher.Publish("a missed event");
        using var subscription = _publisher.Subscribe(_options);
        if (subscription.Resume != ResumeResult.Resumed || subscription.QueuedEvents < Missed)
            throw new InvalidOperationException("The subscription has not resumed.");
    }

    [Benchmark]
    public void Resume() => _publisher.Subscribe(_options).Dispose();
}
