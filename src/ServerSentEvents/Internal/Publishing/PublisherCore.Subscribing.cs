using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Operations that add subscribers.</content>
internal sealed partial class PublisherCore<TProperties>
{
    internal Subscription<TProperties> Subscribe(
        in ChannelNames channels,
        TProperties properties,
        QueueLimits limits,
        InitialData initialData,
        string? lastEventId,
        Func<SseItem<string>, string?>? keyFunction,
        SubscriptionEndReason? turnedAway)
    {
        if (string.IsNullOrEmpty(lastEventId))
            lastEventId = null;
        var subscriber = new Subscriber<TProperties>(properties, limits, keyFunction);
        var subscription = new Subscription<TProperties>(this, subscriber, Settings.TimeProvider.GetUtcNow())
        {
            Resume = lastEventId is null ? ResumeResult.NotRequested : ResumeResult.Gap,
        };
        var gap = lastEventId is null ? null : Settings.GapFrame;
        var initial = new InitialStream(Settings.Reconnection, gap, initialData, lastEventId, Registry.Ids);
        var registration = Registry.Add(subscriber, channels, initial, lastEventId, Settings.Now(), turnedAway);
        if (registration.TurnedAway is { } reason)
        {
            subscriber.SetLeading(new InitialFrames([Settings.Reconnection.NewFrameFor(reason)]));
            if (reason == SubscriptionEndReason.Refused)
                PublisherMetrics.Refused.Increment();
            StartLingering();
            return subscription;
        }

        if (registration.ResumePoint is { IsAhead: true })
            _timer.Start();
        if (registration.ResumePoint is { HasPersonalized: true, Replay: { } replay })
            ResumePersonalized(subscriber, initial, registration, replay);
        Notifier.AnnounceBeginning(subscriber);
        return subscription;
    }

    /// <summary>Makes missed personalized events, and then lists the subscriber.</summary>
    private void ResumePersonalized(
        Subscriber<TProperties> subscriber,
        in InitialStream initial,
        in Registration<TProperties> registration,
        Replay<TProperties> replay)
    {
        // After a failure, drop a replay without a frame for this subscriber: it would not count as empty, and no first byte would be sent.
        var isKept = replay.TryPersonalize(subscriber.Properties, registration.Ids!, subscriber.CapacityBytes, out var failures)
            && (failures == 0 || replay.Count > 0)
            && Registry.TryAddReplay(subscriber, replay);
        if (isKept && failures == 0)
            initial.Resume(subscriber, replay);
        else
            initial.Begin(subscriber, registration.Ids, registration.Position, isKept ? replay : null);

        PublisherMetrics.ReplayFailures.Add(failures);
        // The publisher can have been drained, or the subscription disconnected, before the load was there to be canceled.
        if (Registry.CompleteResume(subscriber) || subscriber.IsAborted)
            subscriber.PendingLoad?.StopWaiting();
        if (subscriber.End is not null)
            StartLingering();
    }
}
