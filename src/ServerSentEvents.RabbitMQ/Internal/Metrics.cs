using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What the backplanes of this process tell of themselves. Listeners are the application's code: none of it runs when
/// something is counted, and what it throws when something is measured stays here.
/// </summary>
internal static class Metrics
{
    private const string Prefix = "server_sent_events.rabbitmq.";

    private static readonly Meter Meter = new("ServerSentEvents.RabbitMQ", typeof(Metrics).Assembly.GetName().Version?.ToString(3));

    internal static readonly Count Published = NewCounter(
        "events.published", "{event}", "Events that were handed in on this node.");

    internal static readonly Count Confirmed = NewCounter(
        "events.confirmed", "{event}", "Events of this node's that the broker has confirmed.");

    internal static readonly Count Delivered = NewCounter(
        "events.delivered", "{event}", "Events that were read from the stream and handed to this node's publisher.");

    internal static readonly Count Redelivered = NewCounter(
        "messages.redelivered", "{message}", "Messages that were in the stream twice, and were skipped the second time.");

    internal static readonly Count Skipped = NewCounter(
        "messages.skipped", "{message}", "Messages of a later version of the library, which were skipped.");

    internal static readonly Count Damaged = NewCounter(
        "messages.damaged", "{message}", "Messages that could not be read, and were skipped.");

    internal static readonly Count Gaps = NewCounter(
        "gaps", "{gap}", "Times that this node could not go on where it was, so that its clients had to begin anew.");

    internal static readonly Count ReconnectsToPublish = new();

    internal static readonly Count ReconnectsToRead = new();

    /// <summary>Of the backplanes that run.</summary>
    private static readonly ConcurrentDictionary<ReadingLag, string> Lags = new();

    private static readonly Histogram<double> DeliveryDuration = Meter.CreateHistogram<double>(
        Prefix + "delivery.duration", "s", "From the call of PublishAsync to this node's publisher, for events of its own.");

    static Metrics()
    {
        Meter.CreateObservableCounter<long>(
            Prefix + "reconnects",
            () =>
            [
                new(ReconnectsToPublish.Value, new KeyValuePair<string, object?>("direction", "publishing")),
                new(ReconnectsToRead.Value, new KeyValuePair<string, object?>("direction", "reading")),
            ],
            "{connection}",
            "Connections that were made after one was lost, by direction.");
        Meter.CreateObservableGauge(
            Prefix + "lag",
            () => Lags.GroupBy(lag => lag.Value, StringComparer.Ordinal).Select(lags => new Measurement<double>(
                lags.Max(lag => lag.Key.Seconds), new KeyValuePair<string, object?>("stream", lags.Key))),
            "s",
            "How far this node may be behind the end of the stream.");
    }

    /// <summary>Whether anybody wants to know: it takes a look at the clock for each event.</summary>
    internal static bool MeasuresDelivery => DeliveryDuration.Enabled;

    /// <summary>A backplane runs, until it is removed.</summary>
    internal static void Add(ReadingLag lag) => Lags.TryAdd(lag, lag.Stream);

    internal static void Remove(ReadingLag lag) => Lags.TryRemove(lag, out _);

    /// <summary>An event of this node's has been handed to its publisher, so many seconds after it was handed in.</summary>
    internal static void HasDelivered(double seconds)
    {
        try
        {
            DeliveryDuration.Record(seconds);
        }
        catch (Exception)
        {
            // A listener's failure must not end the reading.
        }
    }

    private static Count NewCounter(string name, string unit, string description)
    {
        var count = new Count();
        Meter.CreateObservableCounter(Prefix + name, () => count.Value, unit, description);
        return count;
    }
}
