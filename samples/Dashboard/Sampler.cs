using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ServerSentEvents;

namespace Dashboard;

/// <summary>Measures this process at each interval, and publishes the sample.</summary>
/// <remarks>
/// A stream that resumes has only <c>sample</c> events. Another stream begins with a <c>state</c> event, which has the last
/// samples. If the last sample that a page knows is not in the <c>state</c>, the page has missed some: a gap.
/// </remarks>
internal sealed class Sampler(Publisher publisher, Settings settings) : BackgroundService
{
    /// <summary>The lock that keeps the samples and the publisher in step.</summary>
    private readonly Lock _gate = new();

    /// <summary>The last samples, the oldest first. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<Sample> _samples = new();

    public Subscription<object?> Subscribe(string? lastEventId)
    {
        // No sample may come between the state and the subscription, so hold the lock over both.
        lock (_gate)
        {
            var state = JsonSerializer.Serialize(
                new { Interval = settings.Interval.TotalMilliseconds, settings.History, Samples = _samples }, JsonSerializerOptions.Web);
            return publisher.Subscribe(new SubscribeOptions<object?>
            {
                LastEventId = lastEventId,
                // With the id of its last sample, a client can resume from the state.
                InitialData = [new SseItem<string>(state, "state") { EventId = _samples.LastOrDefault()?.Id }],
            });
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The library counts the delivered events.
        var delivered = 0L;
        using var meter = new MeterListener();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "server_sent_events.events.delivered")
                listener.EnableMeasurementEvents(instrument);
        };
        meter.SetMeasurementEventCallback<long>((_, value, _, _) => delivered = value);
        meter.Start();

        using var timer = new PeriodicTimer(settings.Interval);
        var last = ReadTotals();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = ReadTotals();
            var seconds = TimeProvider.System.GetElapsedTime(last.Timestamp, now.Timestamp).TotalSeconds;
            Add(new Sample(
                TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
                Math.Round(100 * (now.Cpu - last.Cpu).TotalSeconds / seconds, 1),
                Environment.WorkingSet,
                publisher.GetAllSubscribers().Count,
                Math.Round((now.Delivered - last.Delivered) / seconds, 1)));
            last = now;
        }

        (long Timestamp, TimeSpan Cpu, long Delivered) ReadTotals()
        {
            meter.RecordObservableInstruments();
            return (TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime, delivered);
        }
    }

    private void Add(Sample sample)
    {
        lock (_gate)
        {
            // The time is the id of the event. It must be unique, also after the clock was set back.
            if (_samples.LastOrDefault() is { } last && sample.At <= last.At)
                sample = sample with { At = last.At + 1 };
            _samples.Enqueue(sample);
            if (_samples.Count > settings.History)
                _samples.Dequeue();
            publisher.PublishJson(sample, eventType: "sample", eventId: sample.Id, options: JsonSerializerOptions.Web);
        }
    }
}

/// <summary>The measurements of one time.</summary>
/// <param name="At">The time, in milliseconds since 1970 in UTC. It is unique.</param>
/// <param name="Cpu">The CPU time of the process since the last sample, in percent of one core.</param>
/// <param name="Memory">The memory of the process, in bytes.</param>
/// <param name="Subscribers">The number of open streams.</param>
/// <param name="EventsPerSecond">The rate of events that were delivered to the streams since the last sample.</param>
internal sealed record Sample(long At, double Cpu, long Memory, long Subscribers, double EventsPerSecond)
{
    public string Id => At.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The settings of the command line, as <c>--interval 0.5 --history 60</c>.</summary>
/// <param name="Interval">The time between two samples.</param>
/// <param name="History">The number of samples that the server keeps.</param>
internal sealed record Settings(TimeSpan Interval, int History);
