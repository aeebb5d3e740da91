using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// What a publisher does, in the order in which it has to be done: the application's code first, then the one step under
/// the registry's lock, then the telling of what that step ended.
/// </summary>
internal sealed class PublisherCore<TProperties> : IDisposable
{
    private readonly EventHistory<TProperties>? _history;
    private readonly Heartbeats<TProperties>? _heartbeats;

    internal PublisherCore(object publisher, PublisherSettings settings)
    {
        Settings = settings;
        Announcer = new SubscriptionNotifier<TProperties>(publisher);
        if (settings.HistoryCapacity > 0)
            _history = new EventHistory<TProperties>(settings.HistoryCapacity, Ticks(settings.HistoryMaxAge));
        Registry = new SubscriberRegistry<TProperties>(publisher, _history);
        if (settings.HeartbeatInterval is { } interval)
            _heartbeats = new Heartbeats<TProperties>(Registry, settings.TimeProvider, interval);
    }

    internal PublisherSettings Settings { get; }

    internal SubscriptionNotifier<TProperties> Announcer { get; }

    internal SubscriberRegistry<TProperties> Registry { get; }

    internal Subscription<TProperties> Subscribe(
        in ChannelNames channels, TProperties properties, SubscriptionQueue queue, Frame[] initialData, string? lastEventId)
    {
        var subscription = new Subscription<TProperties>(this, properties, queue, Settings.TimeProvider.GetUtcNow());
        if (!Registry.TryAdd(subscription, channels, lastEventId, Settings.Now(), out var missed))
        {
            queue.Seed([Settings.Reconnection.NewFrameToLeave()]);
            return subscription;
        }

        var replay = missed is null ? null : Replay.TryMake(missed, properties, lastEventId!);
        if (!string.IsNullOrEmpty(lastEventId))
            subscription.Resume = replay is null ? ResumeResult.Gap : ResumeResult.Resumed;
        queue.Seed(Settings.Reconnection.NewFrame() is { } preface ? [preface, .. replay ?? initialData] : replay ?? initialData);
        Announcer.AnnounceBeginning(subscription);
        return subscription;
    }

    /// <summary>
    /// From here on a backplane gives the positions, and what was before is forgotten: whoever is here may have missed
    /// something, and is ended, to find that out when it comes back.
    /// </summary>
    internal void Follow(Epoch epoch, long before) => Announcer.AnnounceEnds(Registry.Follow(epoch, before));

    internal int Send(Frame frame, in ChannelNames channels, long? position = null)
    {
        SendResult<TProperties> outcome = default;
        Registry.Send(frame, channels, Settings.Now(), position, ref outcome);
        Failures failures = default;
        Tell(outcome, frame.IsEvent, ref failures);
        failures.ThrowIfAny("A handler of Unsubscribed threw.");
        return outcome.Sent;
    }

    /// <param name="make">Makes a subscriber's frame from its properties.</param>
    /// <param name="channels">Whom it is sent to.</param>
    /// <param name="position">The place that a backplane gives it; null for none.</param>
    /// <param name="ownId">The id that it has where none was given to all who are here.</param>
    internal int SendEachItsOwn(
        Func<TProperties, Frame?> make, in ChannelNames channels, long? position = null, string? ownId = null)
    {
        Failures failures = default;
        var personalized = Registry.Personalize(make, channels);
        personalized.MakeAll(ref failures);
        if (_history is not null)
            personalized.FindCommonId(ownId);

        SendResult<TProperties> outcome = default;
        Registry.Send(personalized, channels, Settings.Now(), position, ref outcome);
        outcome.MakeLate(ref failures);
        Tell(outcome, isEvent: true, ref failures);
        failures.ThrowIfAny("A personalized event could not be made for every subscriber, or a handler of Unsubscribed threw.");
        return outcome.Sent;
    }

    internal void Remember(HistoryEntry<TProperties> entry, in ChannelNames channels, long position) =>
        Registry.Remember(entry, channels, Settings.Now(), position);

    internal int Unsubscribe(in ChannelNames channels, Func<TProperties, bool>? match)
    {
        var leaving = Registry.Snapshot(channels);
        if (match is not null)
            leaving.RemoveAll(subscription => !match(subscription.Properties));

        List<Subscription<TProperties>>? ended = null;
        var left = Registry.Remove(leaving, channels, ref ended);
        Announcer.AnnounceEnds(ended);
        return left;
    }

    internal void Close() => Announcer.AnnounceEnds(Registry.EndAll());

    internal void Drain() => Announcer.AnnounceEnds(Registry.Drain(Settings.Reconnection));

    public void Dispose()
    {
        _heartbeats?.Dispose();
        try
        {
            Announcer.AnnounceEnds(Registry.CloseForGood());
        }
        finally
        {
            Registry.Dispose();
        }
    }

    /// <summary>Tells handlers and listeners of what was sent, each whether or not another one threw.</summary>
    private void Tell(in SendResult<TProperties> outcome, bool isEvent, ref Failures failures)
    {
        Announcer.AnnounceEnds(outcome.Ended, ref failures);
        if (isEvent)
            failures.Try(static _ => PublisherMetrics.WasPublished(), state: 0);
    }

    private long? Ticks(TimeSpan? duration) =>
        duration is { } value ? Settings.TimeProvider.ToTimestampTicks(value) : null;
}
