using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ServerSentEvents;

namespace Dashboard;

/// <summary>The last samples, and the stream of them.</summary>
/// <remarks>
/// A stream that resumes has only <c>sample</c> events. Another stream begins with a <c>state</c> event, which has the kept
/// samples. If the last sample that a page knows is not in the <c>state</c>, the page has missed some: a gap.
/// </remarks>
internal sealed class SampleStream(Publisher publisher, Settings settings)
{
    /// <summary>The last samples, the oldest first. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<Sample> _samples = new();

    /// <summary>Makes one step of keeping and publishing a sample, and one of reading the samples and subscribing.</summary>
    private readonly Lock _gate = new();

    /// <summary>The time of the last sample. Guarded by <see cref="_gate"/>.</summary>
    private long _lastAt;

    public void Add(Sample sample)
    {
        lock (_gate)
        {
            // The time is the id of the event. It must be unique, also after the clock was set back.
            _lastAt = Math.Max(sample.At, _lastAt + 1);
            Publish_NeedsLock(sample with { At = _lastAt });
        }
    }

    public Subscription<object?> Subscribe(string? lastEventId)
    {
        lock (_gate)
        {
            var state = JsonSerializer.Serialize(State_NeedsLock(), DashboardJson.Default.State);
            // With the id of its last sample, a client can resume from the state.
            var id = _samples.Count > 0 ? Id(_samples.Last()) : null;
            return publisher.Subscribe(new SubscribeOptions<object?>
            {
                LastEventId = lastEventId,
                InitialData = [new SseItem<string>(state, "state") { EventId = id }],
            });
        }
    }

    /// <summary>
    /// Publishes the samples of an earlier process again, before there are subscribers. So a page that stayed open resumes
    /// after the restart.
    /// </summary>
    public void Load()
    {
        if (!File.Exists(settings.StatePath))
            return;
        var state = JsonSerializer.Deserialize(File.ReadAllBytes(settings.StatePath), DashboardJson.Default.State);
        lock (_gate)
        {
            foreach (var sample in state?.Samples ?? [])
            {
                _lastAt = sample.At;
                Publish_NeedsLock(sample);
            }
        }
    }

    /// <summary>Saves the samples for the next process. A partly written file never replaces a complete one.</summary>
    public void Save()
    {
        var written = settings.StatePath + ".new";
        lock (_gate)
            File.WriteAllBytes(written, JsonSerializer.SerializeToUtf8Bytes(State_NeedsLock(), DashboardJson.Default.State));
        File.Move(written, settings.StatePath, overwrite: true);
    }

    private void Publish_NeedsLock(Sample sample)
    {
        _samples.Enqueue(sample);
        if (_samples.Count > settings.History)
            _samples.Dequeue();
        // The generated ids of the library end with the process. The time stays valid after a restart.
        publisher.PublishJson(sample, DashboardJson.Default.Sample, eventType: "sample", eventId: Id(sample));
    }

    private State State_NeedsLock() => new(settings.Interval.TotalMilliseconds, settings.History, _samples);

    private static string Id(Sample sample) => sample.At.ToString(CultureInfo.InvariantCulture);
}
