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
            if (instrument.IsObservable)
                _measured[name] = value;
            else
                _measured[name] = _measured.GetValueOrDefault(name) + value;
        });
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_EachKindOfActivity_IsCounted()
    {
        var (before, droppedBefore) = (Observed("subscribers"), Observed("events.dropped"));
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var reading = publisher.Subscribe(initialData: ["initial"]);
        var dropping = publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
        var overflowing = publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = 2 });
        Observed("subscribers").Should().Be(before + 3);

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

        Observed("subscribers").Should().Be(before + 1);
        dropping.DroppedEvents.Should().Be(2);
        overflowing.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        _measured["events.dropped"] -= droppedBefore;
        _measured.Where(measurement => measurement.Key != "subscribers").Should().BeEquivalentTo(new Dictionary<string, long>
        {
            ["events.published"] = 2,
            ["events.delivered"] = 3,
            ["events.dropped"] = 2,
            ["subscriptions.ended reason=overflowed"] = 1,
            ["subscriptions.ended reason=unsubscribed"] = 1,
            ["subscriptions.ended reason=closed"] = 1,
            ["subscriptions.ended reason=canceled"] = 1,
            ["resumes result=gap"] = 1,
            ["resumes result=resumed"] = 1,
        });
        publisher.Dispose();
        Observed("subscribers").Should().Be(before);
    }

    private long Observed(string instrument)
    {
        _listener.RecordObservableInstruments();
        return _measured[instrument];
    }
}
