using System.Diagnostics.Metrics;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Client.Internal;

/// <summary>
/// The metrics of all clients of the process. All instruments are observable: their listeners, which are application code, run only
/// on the thread that collects.
/// </summary>
internal static class ClientMetrics
{
    private static readonly InstrumentCreation Creation = new();

    /// <summary>The values of the tag <c>reason</c>, by <see cref="EventStreamEndReason"/>.</summary>
    private static readonly string[] Reasons =
    [
        "end_of_stream", "connection_failed", "stalled", "unexpected_status", "unexpected_content_type", "event_too_large", "no_content",
    ];

    private static readonly long[] Ends = new long[Reasons.Length];

    private static long _connections;
    private static long _events;

    /// <summary>Creates the instruments at the first call.</summary>
    internal static void CreateInstruments()
    {
        if (!Creation.TryBegin())
            return;
        var meter = new Meter("ServerSentEvents.Client");
        InstrumentCreation.Create(() => meter.CreateObservableUpDownCounter(
            "server_sent_events.client.connections", static () => Interlocked.Read(ref _connections), "{connection}", "Open event streams."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.client.events", static () => Interlocked.Read(ref _events), "{event}", "Received events."));
        InstrumentCreation.Create(() => meter.CreateObservableCounter(
            "server_sent_events.client.attempts.ended", MeasureEnds, "{attempt}", "Attempts that have ended, by reason."));
    }

    internal static void CountEvent() => Interlocked.Increment(ref _events);

    internal static void CountEnd(EventStreamEndReason reason) => Interlocked.Increment(ref Ends[(int)reason]);

    internal static void CountOpened() => Interlocked.Increment(ref _connections);

    internal static void CountClosed() => Interlocked.Decrement(ref _connections);

    private static IEnumerable<Measurement<long>> MeasureEnds() =>
        Reasons.Select(static (reason, index) =>
            new Measurement<long>(Interlocked.Read(ref Ends[index]), new KeyValuePair<string, object?>("reason", reason)));
}
