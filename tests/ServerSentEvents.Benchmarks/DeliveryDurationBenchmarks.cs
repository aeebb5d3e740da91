using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Time and bytes for a publish and the delivery to each reader, with and without a listener to the histogram of deliveries.
/// </summary>
public class DeliveryDurationBenchmarks
{
    private const int Publishes = 100;

    private Audience _audience;
    private MeterListener _listener;

    [Params(10, 1_000)]
    public int Subscribers { get; set; }

    [GlobalSetup(Target = nameof(NoListener))]
    public void SetUp() => _audience = new Audience(Subscribers, queueCapacity: Publishes);

    [GlobalSetup(Target = nameof(Listener))]
    public void SetUpListener()
    {
        SetUp();
        _listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "ServerSentEvents", Name: "server_sent_events.delivery.duration" })
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        _listener.Start();
    }

    [GlobalCleanup]
    public void CleanUp() => _listener?.Dispose();

    [Benchmark(Baseline = true, OperationsPerInvoke = Publishes)]
    public void NoListener() => PublishAndRead();

    [Benchmark(OperationsPerInvoke = Publishes)]
    public void Listener() => PublishAndRead();

    private void PublishAndRead()
    {
        for (var i = 0; i < Publishes; i++)
            _audience.Publisher.Publish("an event");
        _audience.Drain();
    }
}
