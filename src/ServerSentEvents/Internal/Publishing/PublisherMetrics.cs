using System.Diagnostics.Metrics;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// What the publishers of this process tell of themselves. Listeners are the application's code: nothing here is to be called
/// under a lock. While nobody listens, an instrument costs one look.
/// </summary>
internal static class PublisherMetrics
{
    private static readonly Meter Meter = new("ServerSentEvents", typeof(PublisherMetrics).Assembly.GetName().Version?.ToString(3));

    private static readonly Counter<long> Published = Meter.CreateCounter<long>(
        "server_sent_events.events.published", "{event}", "Events that were published, to however many subscribers.");

    private static readonly Counter<long> Delivered = Meter.CreateCounter<long>(
        "server_sent_events.events.delivered", "{event}", "Events that readers took from their queues, initial and replayed ones too.");

    private static readonly Counter<long> Ended = Meter.CreateCounter<long>(
        "server_sent_events.subscriptions.ended", "{subscription}", "Subscriptions that have ended, by reason.");

    private static readonly Counter<long> Resumes = Meter.CreateCounter<long>(
        "server_sent_events.resumes", "{resume}", "Subscriptions that gave a last event id, by result.");

    /// <summary>Kept also while nobody listens: who begins to listen wants to know how many there are, not how many came since.</summary>
    private static long _subscribers;

    /// <summary>Kept in the same way, since it is counted under the lock.</summary>
    private static long _dropped;

    static PublisherMetrics()
    {
        Meter.CreateObservableUpDownCounter(
            "server_sent_events.subscribers", () => Interlocked.Read(ref _subscribers), "{subscriber}", "Subscribers now.");
        Meter.CreateObservableCounter(
            "server_sent_events.events.dropped",
            () => Interlocked.Read(ref _dropped),
            "{event}",
            "Events and comments that found no room in a queue, or made room for others.");
    }

    internal static void Began(ResumeResult resume)
    {
        Interlocked.Increment(ref _subscribers);
        if (resume != ResumeResult.NotRequested && Resumes.Enabled)
            Resumes.Add(1, new KeyValuePair<string, object?>("result", resume == ResumeResult.Resumed ? "resumed" : "gap"));
    }

    internal static void HasEnded(SubscriptionEndReason? reason)
    {
        Interlocked.Decrement(ref _subscribers);
        if (Ended.Enabled)
            Ended.Add(1, new KeyValuePair<string, object?>("reason", Name(reason)));
    }

    internal static void WasPublished() => Published.Add(1);

    internal static void WasDelivered() => Delivered.Add(1);

    /// <summary>Alone among these it calls no listener, and can be called under a lock.</summary>
    internal static void WasDropped() => Interlocked.Increment(ref _dropped);

    private static string Name(SubscriptionEndReason? reason) => reason switch
    {
        SubscriptionEndReason.Unsubscribed => "unsubscribed",
        SubscriptionEndReason.Closed => "closed",
        SubscriptionEndReason.Overflowed => "overflowed",
        _ => "canceled",
    };
}
