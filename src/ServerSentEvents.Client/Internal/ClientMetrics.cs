using System.Diagnostics.Metrics;

namespace ServerSentEvents.Client.Internal;

/// <summary>
/// The metrics of all clients of the process. All instruments are observable: their listeners, which are application code, run only
/// on the thread that collects.
/// </summary>
internal static class ClientMetrics
{
    /// <summary>The values of the tag <c>reason</c>, by <see cref="EventStreamEndReason"/>.</summary>
    private static readonly string[] Reasons =
    [
        "end_of_stream", "connection_failed", "stalled", "unexpected_status", "unexpected_content_type", "event_too_large", "no_content",
    ];

    private static readonly long[] Ends = new long[Reasons.Length];

    private static long _connections;
    private static long _events;

    static ClientMetrics()
    {
        var meter = new Meter("ServerSentEvents.Client");
        Create(() => meter.CreateObservableUpDownCounter(
            "server_sent_events.client.connections", static () => Interlocked.Read(ref _connections), "{connection}", "Open event streams."));
        Create(() => meter.CreateObservableCounter(
            "server_sent_events.client.events", static () => Interlocked.Read(ref _events), "{event}", "Received events."));
        Create(() => meter.CreateObservableCounter(
            "server_sent_events.client.attempts.ended", MeasureEnds, "{attempt}", "Attempts that have ended, by reason."));
    }

    internal static void CountEvent() => Interlocked.Increment(ref _events);

    internal static void CountEnd(EventStreamEndReason reason) => Interlocked.Increment(ref Ends[(int)reason]);

    internal static void CountOpened() => Interlocked.Increment(ref _connections);

    internal static void CountClosed() => Interlocked.Decrement(ref _connections);

    private static void Create(Func<Instrument> create)
    {
        try
        {
            create();
        }
        catch (Exception)
        {
            // A listener is called for each new instrument. An exception here would make every client unusable.
        }
    }

    private static IEnumerable<Measurement<long>> MeasureEnds() =>
        Reasons.Select(static (reason, index) =>
            new Measurement<long>(Interlocked.Read(ref Ends[index]), new KeyValuePair<string, object?>("reason", reason)));
}
