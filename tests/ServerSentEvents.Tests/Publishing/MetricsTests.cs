using System.Diagnostics.Metrics;

namespace ServerSentEvents.Tests;

/// <summary>Tests the measurements of the meter. The process has one meter, so no other test may run at the same time.</summary>
[Collection(nameof(RunAlone))]
public sealed class MetricsTests : IDisposable
{
    private readonly Dictionary<string, long> _measured = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public MetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = instrument.Name["server_sent_events.".Length..];
            foreach (var tag in tags)
                name += $" {tag.Key}={tag.Value}";
            _measured[name] = value;
        });
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_EachKindOfActivity_IsCounted()
    {
        var before = Observe();
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var reading = publisher.Subscribe(initialData: ["initial"]);
        var dropping = publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
        var overflowing = publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = 2 });
        Observe()["subscribers"].Should().Be(before["subscribers"] + 3);

        publisher.Publish("1");
        publisher.Publish(_ => "2");
        publisher.PublishComment("not an event");
        publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "unknown" }).Dispose();
        reading.Close();
        var texts = await reading.ToListAsync();
        var id = texts[1].Split('\n')[1]["id: ".Length..];
        using var cancellation = new CancellationTokenSource();
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id });
        _ = resumed.GetAsyncEnumerator(cancellation.Token);
        await cancellation.CancelAsync();

        dropping.DroppedEvents.Should().Be(2);
        overflowing.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        var after = Observe();
        after.ToDictionary(measurement => measurement.Key, measurement => measurement.Value - before[measurement.Key]).Should().Equal(new Dictionary<string, long>
        {
            ["subscribers"] = 1,
            ["events.published"] = 2,
            ["events.delivered"] = 3,
            ["events.dropped"] = 2,
            ["subscriptions.ended reason=overflowed"] = 1,
            ["subscriptions.ended reason=unsubscribed"] = 1,
            ["subscriptions.ended reason=closed"] = 1,
            ["subscriptions.ended reason=canceled"] = 1,
            ["resumes result=gap"] = 1,
            ["resumes result=resumed"] = 1,
            ["replay.failures"] = 0,
        });
        publisher.Dispose();
        Observe()["subscribers"].Should().Be(before["subscribers"]);
    }

    private Dictionary<string, long> Observe()
    {
        _listener.RecordObservableInstruments();
        return new(_measured);
    }
}
