using System.Diagnostics.Metrics;

namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>
/// The metrics of all publishers of the process. Listeners are application code. Those of observable instruments run only on
/// the thread that collects, and never where events are published or delivered. <see cref="DeliveryDurations"/> has the only
/// other instrument.
/// </summary>
internal static class PublisherMetrics
{
    private const string Prefix = "server_sent_events.";

    private static readonly InstrumentCreation Creation = new();

    /// <summary>
    /// The numbers of ended subscriptions by <see cref="SubscriptionEndReason"/>. A refused subscription is not among them.
    /// </summary>
    private static readonly long[] Ends = new long[4];

    /// <summary>The numbers of resumes by <see cref="ResumeResult"/>.</summary>
    private static readonly long[] ResumeResults = new long[3];

    private static long _subscribers;

    /// <summary>The measuring of deliveries; null until its instrument is created.</summary>
    private static DeliveryDurations? _deliveries;

    /// <summary>The publishers whose queues and histories are measured.</summary>
    internal static MeasuredPublishers Publishers { get; } = new();

    internal static StripedCounter Published { get; } = new();

    internal static StripedCounter Delivered { get; } = new();

    internal static StripedCounter Dropped { get; } = new();

    internal static StripedCounter Conflated { get; } = new();

    internal static StripedCounter Gaps { get; } = new();

    internal static StripedCounter ReplayFailures { get; } = new();

    internal static StripedCounter CutOff { get; } = new();

    internal static StripedCounter Refused { get; } = new();

    /// <summary>Creates the instruments at the first call.</summary>
    internal static void CreateInstruments()
    {
        if (!Creation.TryBegin())
            return;
        var meter = new Meter("ServerSentEvents", typeof(PublisherMetrics).Assembly.GetName().Version?.ToString(3));
        AddUpDownCounter("subscribers", static () => Interlocked.Read(ref _subscribers), "{subscriber}", "Subscribers now.");
        AddCounter("events.published", Published, "{event}", "Events that were published, to any number of subscribers.");
        AddCounter("events.delivered", Delivered, "{event}", "Events that readers took from their queues, with initial and replayed ones.");
        AddCounter("events.dropped", Dropped, "{event}", "Events and comments that found no room in a queue, or made room for others.");
        AddCounter("events.conflated", Conflated, "{event}", "Events that replaced a queued event of the same key.");
        AddCounter("gaps", Gaps, "{gap}", "Gap events that were queued; always 0 without a GapEvent. Resumes with a gap: see resumes.");
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            Prefix + "subscriptions.ended", MeasureEnds, "{subscription}", "Subscriptions that have ended, by reason."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            Prefix + "resumes", MeasureResumes, "{resume}", "Subscriptions that gave a last event id, by result."));
        AddCounter("replay.failures", ReplayFailures, "{failure}", "Personalized functions that threw for a missed event.");
        AddUpDownCounter(
            "queue.bytes", static () => Publishers.Sum(static publisher => publisher.CountQueuedBytes()), "By",
            "Bytes that wait in queues now, without initial data and shared replays.");
        AddCounter(
            "subscriptions.cut_off", CutOff, "{subscription}",
            "Subscriptions whose queued events were dropped because the client read nothing, or too slowly, after the end.");
        InstrumentCreation.Create(() => CreateDeliveryDuration(meter));
        if (FindHistogram(meter) is { } histogram)
            _deliveries = new(histogram);
        AddCounter("subscriptions.refused", Refused, "{subscription}", "Subscriptions that were refused because of MaxSubscribers.");
        AddUpDownCounter(
            "history.bytes", static () => Publishers.Sum(static publisher => publisher.HistoryBytes), "By",
            "Bytes of the framed events in all histories.");

        void AddCounter(string name, StripedCounter counter, string unit, string description) => InstrumentCreation.Create(
            () => meter.CreateObservableCounter(Prefix + name, () => counter.Value, unit, description));

        void AddUpDownCounter(string name, Func<long> measure, string unit, string description) => InstrumentCreation.Create(
            () => meter.CreateObservableUpDownCounter(Prefix + name, measure, unit, description));
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

    private static Histogram<double> CreateDeliveryDuration(Meter meter)
    {
        const string name = Prefix + "delivery.duration";
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

    /// <summary>Returns the histogram of the meter. Its creation does not return it if a listener throws.</summary>
    private static Histogram<double>? FindHistogram(Meter meter)
    {
        Histogram<double>? found = null;
        using var finder = new MeterListener();
        finder.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, meter) && instrument is Histogram<double> match)
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
