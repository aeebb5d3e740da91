using System.Diagnostics.Metrics;

namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>
/// The metrics of all publishers of the process. Listeners are application code. Those of observable instruments run only on
/// the thread that collects, and never where events are published or delivered. <see cref="DeliveryDurations"/> has the only
/// other instrument.
/// </summary>
internal static class PublisherMetrics
{
    private static readonly InstrumentCreation Creation = new();

    /// <summary>
    /// The numbers of ended subscriptions by <see cref="SubscriptionEndReason"/>. A refused subscription is not among them.
    /// </summary>
    private static readonly long[] Ends = new long[4];

    /// <summary>The numbers of resumes by <see cref="ResumeResult"/>.</summary>
    private static readonly long[] ResumeResults = new long[3];

    private static long _subscribers;
    private static long _replayFailures;
    private static long _cutOff;
    private static long _refused;

    /// <summary>The measuring of deliveries; null until its instrument is created.</summary>
    private static DeliveryDurations? _deliveries;

    /// <summary>The publishers whose queues and histories are measured.</summary>
    internal static MeasuredPublishers Publishers { get; } = new();

    internal static StripedCounter Published { get; } = new();

    internal static StripedCounter Delivered { get; } = new();

    internal static StripedCounter Dropped { get; } = new();

    internal static StripedCounter Conflated { get; } = new();

    internal static StripedCounter Gaps { get; } = new();

    /// <summary>Creates the instruments at the first call.</summary>
    internal static void CreateInstruments()
    {
        if (!Creation.TryBegin())
            return;
        var meter = new Meter("ServerSentEvents", typeof(PublisherMetrics).Assembly.GetName().Version?.ToString(3));
        InstrumentCreation.Create(() => meter.CreateObservableUpDownCounter(
            "server_sent_events.subscribers", static () => Interlocked.Read(ref _subscribers), "{subscriber}", "Subscribers now."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.events.published", static () => Published.Value, "{event}",
            "Events that were published, to any number of subscribers."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.events.delivered", static () => Delivered.Value, "{event}",
            "Events that readers took from their queues, with initial and replayed ones."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.events.dropped", static () => Dropped.Value, "{event}",
            "Events and comments that found no room in a queue, or made room for others."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.events.conflated", static () => Conflated.Value, "{event}",
            "Events that replaced a queued event of the same key."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.gaps", static () => Gaps.Value, "{gap}",
            "Gap events that were queued: after a resume with a gap, and after dropped events."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.subscriptions.ended", MeasureEnds, "{subscription}", "Subscriptions that have ended, by reason."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.resumes", MeasureResumes, "{resume}", "Subscriptions that gave a last event id, by result."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.replay.failures", static () => Interlocked.Read(ref _replayFailures), "{failure}",
            "Personalized functions that threw for a missed event."));
        InstrumentCreation.Create(() => meter.CreateObservableUpDownCounter(
            "server_sent_events.queue.bytes",
            static () => Publishers.Sum(static publisher => publisher.CountQueuedBytes()),
            "By",
            "Bytes that wait in queues now, without initial data and replays."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.subscriptions.cut_off", static () => Interlocked.Read(ref _cutOff), "{subscription}",
            "Subscriptions whose queued events were dropped because the client took nothing after the end."));
        InstrumentCreation.Create(() => CreateDeliveryDuration(meter));
        if (Find<Histogram<double>>(meter) is { } histogram)
            _deliveries = new(histogram);
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.subscriptions.refused", static () => Interlocked.Read(ref _refused), "{subscription}",
            "Subscriptions that were refused because of MaxSubscribers."));
        InstrumentCreation.Create(() => meter.CreateObservableUpDownCounter(
            "server_sent_events.history.bytes",
            static () => Publishers.Sum(static publisher => publisher.HistoryBytes),
            "By",
            "Bytes of the framed events in all histories."));
    }

    /// <summary>Returns the time of a publish for <see cref="CountDelivery"/>; 0 if deliveries are not measured.</summary>
    internal static long StartDelivery() => _deliveries?.Start() ?? 0;

    /// <summary>Measures the delivery of an event that was published at a time.</summary>
    internal static void CountDelivery(long start) => _deliveries?.Add(start);

    internal static void CountBeginning(ResumeResult resume)
    {
        Interlocked.Increment(ref _subscribers);
        Interlocked.Increment(ref ResumeResults[(int)resume]);
    }

    internal static void CountEnd(SubscriptionEndReason reason)
    {
        Interlocked.Decrement(ref _subscribers);
        Interlocked.Increment(ref Ends[(int)reason]);
    }

    internal static void CountRefused() => Interlocked.Increment(ref _refused);

    internal static void CountReplayFailures(int failures) => Interlocked.Add(ref _replayFailures, failures);

    internal static void CountCutOff() => Interlocked.Increment(ref _cutOff);

    private static Histogram<double> CreateDeliveryDuration(Meter meter)
    {
        const string name = "server_sent_events.delivery.duration";
        const string unit = "s";
        const string description =
            "Time from the publish of an event to its delivery to a reader, without initial data and replays.";
#if NET9_0_OR_GREATER || NETSTANDARD
        var advice = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries =
                [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        };
        return meter.CreateHistogram(name, unit, description, tags: null, advice);
#else
        return meter.CreateHistogram<double>(name, unit, description);
#endif
    }

    /// <summary>Returns an instrument that was created, even if a listener threw, so that its creation did not return it.</summary>
    private static T? Find<T>(Meter meter)
        where T : Instrument
    {
        T? found = null;
        using var finder = new MeterListener();
        finder.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, meter) && instrument is T match)
                found = match;
        };
        finder.Start();
        return found;
    }

    private static IEnumerable<Measurement<long>> MeasureEnds() =>
    [
        Measure(Ends, (int)SubscriptionEndReason.Unsubscribed, "reason", "unsubscribed"),
        Measure(Ends, (int)SubscriptionEndReason.Closed, "reason", "closed"),
        Measure(Ends, (int)SubscriptionEndReason.Overflowed, "reason", "overflowed"),
        Measure(Ends, (int)SubscriptionEndReason.Canceled, "reason", "canceled"),
    ];

    private static IEnumerable<Measurement<long>> MeasureResumes() =>
    [
        Measure(ResumeResults, (int)ResumeResult.Resumed, "result", "resumed"),
        Measure(ResumeResults, (int)ResumeResult.Gap, "result", "gap"),
    ];

    private static Measurement<long> Measure(long[] counts, int index, string tag, string value) =>
        new(Interlocked.Read(ref counts[index]), new KeyValuePair<string, object?>(tag, value));
}
