using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ServerSentEvents;

namespace Dashboard;

/// <summary>The last samples, and everybody's stream of them.</summary>
/// <remarks>
/// A stream that is new, or has a gap, begins with <c>state</c>, the samples that are kept; then comes a <c>sample</c> at a
/// time. One that resumes has only <c>sample</c> events, those that were missed and those that come. So a page can tell: if
/// it gets a <c>state</c> that does not have the last sample it knows, then there is a gap in between.
/// </remarks>
internal sealed class SampleStream(Publisher<Viewer> publisher, Settings settings)
{
    /// <summary>The last samples, the oldest first. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<Sample> _samples = new();

    /// <summary>
    /// Makes one step of {keep, publish} and one of {read what is kept, subscribe}: without it, a sample that comes between
    /// the two halves would be missed, and nobody would know. Publishing never waits, so neither does anybody here.
    /// </summary>
    private readonly Lock _gate = new();

    /// <summary>When the last sample was taken. Guarded by <see cref="_gate"/>.</summary>
    private long _lastAt;

    public void Add(Sample sample)
    {
        lock (_gate)
        {
            // Two samples of one time would have one id, and nobody could resume from it; and a clock can be set back.
            _lastAt = Math.Max(sample.At, _lastAt + 1);
            Publish_NeedsLock(sample with { At = _lastAt });
        }
    }

    public Subscription<Viewer> Subscribe(Viewer viewer, string? lastEventId)
    {
        lock (_gate)
        {
            return publisher.Subscribe(new SubscribeOptions<Viewer>
            {
                Properties = viewer,
                LastEventId = lastEventId,
                InitialData = [StateEvent_NeedsLock()],
            });
        }
    }

    /// <summary>
    /// Takes in what an earlier process has kept. It is published anew, to nobody yet, by the ids that it had: so a page that
    /// was open all the time resumes as if the server had never been away.
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

    /// <summary>For the next process. A file that was written in part never takes the place of one that is whole.</summary>
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
        publisher.Publish(new SseItem<string>(JsonSerializer.Serialize(sample, DashboardJson.Default.Sample), "sample")
        {
            // The library's own ids are worth nothing after a restart. The time at which something was measured is.
            EventId = Id(sample),
        });
    }

    /// <summary>It has the last sample's id, so that whoever has read it can resume from there.</summary>
    private SseItem<string> StateEvent_NeedsLock() =>
        new(JsonSerializer.Serialize(State_NeedsLock(), DashboardJson.Default.State), "state")
        {
            EventId = _samples.Count > 0 ? Id(_samples.Last()) : null,
        };

    private State State_NeedsLock() => new(settings.Interval.TotalMilliseconds, settings.History, _samples);

    private static string Id(Sample sample) => sample.At.ToString(CultureInfo.InvariantCulture);
}
