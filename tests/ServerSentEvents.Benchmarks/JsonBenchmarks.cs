using System.Text.Json;
using System.Text.Json.Serialization;
using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>Publishes an object as JSON, by way of a string and straight to UTF-8. The queue drops its oldest event.</summary>
public class JsonBenchmarks
{
    private Publisher _publisher;
    private Order _order;

    [Params(1, 100)]
    public int Lines { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _publisher = new Publisher(new PublisherOptions { QueueCapacity = 16, QueueOverflow = QueueOverflow.DropOldest });
        _publisher.Subscribe();
        _order = new Order(
            17, "Ann", DateTimeOffset.UnixEpoch, [.. Enumerable.Range(1, Lines).Select(i => new OrderLine($"article {i}", i, 1.5m * i))]);
    }

    [Benchmark(Baseline = true)]
    public int ThroughAString() => _publisher.Publish(JsonSerializer.Serialize(_order, OrderJson.Default.Order));

    [Benchmark]
    public int StraightToUtf8() => _publisher.PublishJson(_order, OrderJson.Default.Order);

    [Benchmark]
    public int Utf8WithoutTypeInfo() => _publisher.PublishJson(_order);
}

internal sealed record Order(int Number, string Customer, DateTimeOffset At, OrderLine[] Lines);

internal sealed record OrderLine(string Article, int Count, decimal Price);

[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
