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

    /// <summary>The broker does not say where the stream ends: what is behind is told by its age.</summary>
    private static readonly Gauge<double> Lag = Meter.CreateGauge<double>(
        Prefix + "lag", "s", "How long ago the newest message that this node has read had been sent, when it read it.");

    private static readonly Histogram<double> DeliveryDuration = Meter.CreateHistogram<double>(
        Prefix + "delivery.duration", "s", "From the call of PublishAsync to this node's publisher, for events of its own.");

    static Metrics() => Meter.CreateObservableCounter<long>(
        Prefix + "reconnects",
        () =>
        [
            new(ReconnectsToPublish.Value, new KeyValuePair<string, object?>("direction", "publishing")),
            new(ReconnectsToRead.Value, new KeyValuePair<string, object?>("direction", "reading")),
        ],
        "{connection}",
        "Connections that were made after one was lost, by direction.");

    /// <summary>Whether anybody wants to know: it takes a look at the clock for each message.</summary>
    internal static bool MeasuresLag => Lag.Enabled;

    /// <summary>The same, for each event.</summary>
    internal static bool MeasuresDelivery => DeliveryDuration.Enabled;

    /// <summary>A message has been read, so many seconds after it was sent.</summary>
    internal static void HasRead(double seconds)
    {
        try
        {
            Lag.Record(seconds);
        }
        catch (Exception)
        {
            // A listener's failure must not end the reading.
        }
    }

    /// <summary>An event of this node's has been handed to its publisher, so many seconds after it was handed in.</summary>
    internal static void HasDelivered(double seconds)
    {
        try
        {
            DeliveryDuration.Record(seconds);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    private static Count NewCounter(string name, string unit, string description)
    {
        var count = new Count();
        Meter.CreateObservableCounter(Prefix + name, () => count.Value, unit, description);
        return count;
    }
}
