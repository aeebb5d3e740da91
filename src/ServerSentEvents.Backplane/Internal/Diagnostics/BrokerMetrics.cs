using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Backplane.Internal.Diagnostics;

/// <summary>The counters of all publishers of one broker in this process.</summary>
/// <remarks>
/// All instruments are observable: the code of a listener never runs on a thread that publishes or delivers.
/// </remarks>
internal sealed class BrokerMetrics
{
    private const string Prefix = "server_sent_events.backplane.";

    private static readonly Meter Meter = new("ServerSentEvents.Backplane", typeof(BrokerMetrics).Assembly.GetName().Version?.ToString(3));

    private static readonly InstrumentCreation Creation = new();

    /// <summary>The counters, by broker. There are as many as brokers' packages.</summary>
    private static readonly ConcurrentDictionary<string, BrokerMetrics> Brokers = new(StringComparer.Ordinal);

    /// <summary>The lags of the backplanes that run.</summary>
    private static readonly ConcurrentDictionary<ReadingLag, byte> Lags = new();

    internal StripedCounter Published { get; } = new();

    internal StripedCounter Confirmed { get; } = new();

    internal StripedCounter Delivered { get; } = new();

    internal StripedCounter Redelivered { get; } = new();

    internal StripedCounter Skipped { get; } = new();

    internal StripedCounter Damaged { get; } = new();

    internal StripedCounter Gaps { get; } = new();

    internal StripedCounter ReconnectsToPublish { get; } = new();

    internal StripedCounter ReconnectsToRead { get; } = new();

    internal static BrokerMetrics For(string broker)
    {
        if (Creation.TryBegin())
            CreateInstruments();
        return Brokers.GetOrAdd(broker, static _ => new());
    }

    internal static void Add(ReadingLag lag) => Lags.TryAdd(lag, 0);

    internal static void Remove(ReadingLag lag) => Lags.TryRemove(lag, out _);

    private static void CreateInstruments()
    {
        AddCounter(
            "events.published", "{event}",
            "Valid events that were passed to PublishAsync on this node, also those that were not published.", metrics => metrics.Published);
        AddCounter("events.confirmed", "{event}", "Events and disconnects of this node that the broker has confirmed.", metrics => metrics.Confirmed);
        AddCounter(
            "events.delivered", "{event}", "Events and disconnects that were read and handed to a publisher of this node.", metrics => metrics.Delivered);
        AddCounter("messages.redelivered", "{message}", "Retransmissions that were skipped.", metrics => metrics.Redelivered);
        AddCounter("messages.skipped", "{message}", "Messages of an unknown version, which are gaps.", metrics => metrics.Skipped);
        AddCounter("messages.damaged", "{message}", "Damaged messages, which are gaps.", metrics => metrics.Damaged);
        AddCounter("gaps", "{gap}", "Times that messages may have been lost, so that all subscriptions ended.", metrics => metrics.Gaps);
        InstrumentCreation.Create(static () => Meter.CreateObservableCounter(
            Prefix + "reconnects",
            () => Brokers.SelectMany(broker => new Measurement<long>[]
            {
                new(broker.Value.ReconnectsToPublish.Value, Tag("broker", broker.Key), Tag("direction", "publishing")),
                new(broker.Value.ReconnectsToRead.Value, Tag("broker", broker.Key), Tag("direction", "reading")),
            }),
            "{connection}",
            "Connections after a lost one."));
        InstrumentCreation.Create(static () => Meter.CreateObservableGauge(
            Prefix + "lag",
            () => Lags.Keys.GroupBy(lag => (lag.Broker, lag.Stream)).Select(lags => new Measurement<double>(
                lags.Max(lag => lag.Seconds), Tag("broker", lags.Key.Broker), Tag("stream", lags.Key.Stream))),
            "s",
            "The time by which this node may be behind the end of the stream."));
    }

    private static void AddCounter(string name, string unit, string description, Func<BrokerMetrics, StripedCounter> counter) =>
        InstrumentCreation.Create(() => Meter.CreateObservableCounter(
            Prefix + name,
            () => Brokers.Select(broker => new Measurement<long>(counter(broker.Value).Value, Tag("broker", broker.Key))),
            unit,
            description));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
