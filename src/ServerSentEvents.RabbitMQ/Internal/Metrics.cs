using System.Diagnostics.Metrics;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>What the backplanes of this process tell of themselves. While nobody listens, an instrument costs one look.</summary>
internal static class Metrics
{
    private const string Prefix = "server_sent_events.rabbitmq.";

    private static readonly Meter Meter = new("ServerSentEvents.RabbitMQ", typeof(Metrics).Assembly.GetName().Version?.ToString(3));

    internal static readonly Counter<long> Published = Meter.CreateCounter<long>(
        Prefix + "events.published", "{event}", "Events that were handed in on this node.");

    internal static readonly Counter<long> Confirmed = Meter.CreateCounter<long>(
        Prefix + "events.confirmed", "{event}", "Events of this node's that the broker has confirmed.");

    internal static readonly Counter<long> Delivered = Meter.CreateCounter<long>(
        Prefix + "events.delivered", "{event}", "Events that were read from the stream and handed to this node's publisher.");

    internal static readonly Counter<long> Redelivered = Meter.CreateCounter<long>(
        Prefix + "messages.redelivered", "{message}", "Messages that were in the stream twice, and were skipped the second time.");

    internal static readonly Counter<long> Skipped = Meter.CreateCounter<long>(
        Prefix + "messages.skipped", "{message}", "Messages of a later version of the library, which were skipped.");

    internal static readonly Counter<long> Damaged = Meter.CreateCounter<long>(
        Prefix + "messages.damaged", "{message}", "Messages that could not be read, and were skipped.");

    internal static readonly Counter<long> Reconnects = Meter.CreateCounter<long>(
        Prefix + "reconnects", "{connection}", "Connections that were made after one was lost, by direction.");

    internal static readonly Counter<long> Gaps = Meter.CreateCounter<long>(
        Prefix + "gaps", "{gap}", "Times that this node could not go on where it was, so that its clients had to begin anew.");

    /// <summary>The broker does not say where the stream ends: what is behind is told by its age.</summary>
    internal static readonly Gauge<double> Lag = Meter.CreateGauge<double>(
        Prefix + "lag", "s", "How old the newest message was that this node has read, when it read it.");

    internal static readonly Histogram<double> DeliveryDuration = Meter.CreateHistogram<double>(
        Prefix + "delivery.duration", "s", "From the call of PublishAsync to this node's publisher, for events of its own.");
}
