using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The operations of a publisher. Each one runs application code first, then one step under the registry's lock, and then
/// does the work that this step has left.
/// </summary>
internal sealed partial class PublisherCore<TProperties> : IDisposable
{
    private readonly PublisherTimer<TProperties> _timer;

    internal PublisherCore(object publisher, PublisherSettings settings)
    {
        PublisherMetrics.CreateInstruments();
        Settings = settings;
        Registry = new SubscriberRegistry<TProperties>(publisher, settings);
        PublisherMetrics.Publishers.Add(Registry);
        Notifier = new SubscriptionNotifier<TProperties>(publisher, Registry);
        _timer = new PublisherTimer<TProperties>(this, settings);
    }

    internal PublisherSettings Settings { get; }

    internal SubscriptionNotifier<TProperties> Notifier { get; }

    internal SubscriberRegistry<TProperties> Registry { get; }

    /// <summary>
    /// Takes later positions from a backplane, and ends all subscriptions. Their clients may have missed an event, and get a
    /// gap when they reconnect.
    /// </summary>
    internal void Follow(EventIds ids, EventPosition before) => Finish(Registry.Follow(ids, before));

    internal void EndUnknown(long value) => Finish(Registry.EndUnknown(value));

    internal void SetCaughtUp(bool isCaughtUp) => Registry.SetCaughtUp(isCaughtUp, isCaughtUp ? Settings.TimeProvider.GetTimestamp() : 0);

    internal int Send(Frame frame, in ChannelNames channels, EventPosition? position = null)
    {
        if (frame.IsEvent)
            frame.DeliveryStart = PublisherMetrics.StartDelivery();
        Failures failures = default;
        var keys = frame.IsEvent && Registry.KeyFunctions(channels) is { } functions
            ? new EventKeys(functions, frame, ref failures)
            : null;
        var result = Registry.Send(frame, channels, new SendContext(Settings.Now(), position, keys));
        Complete(result, ref failures);
        if (frame.IsEvent)
            CountPublished();
        failures.ThrowIfAny("A handler of Unsubscribed or a conflation key function threw.");
        return result.Sent;
    }

    /// <param name="make">Makes a subscriber's frame from its properties.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="position">The position that a backplane gives; null for none.</param>
    /// <param name="ownId">The id of the event if its frames have no common id.</param>
    /// <param name="bytes">The bytes of the event of a backplane that the function holds; 0 for none.</param>
    internal int SendPersonalized(
        FrameMaker<TProperties> make, in ChannelNames channels, EventPosition? position = null, string? ownId = null, int bytes = 0)
    {
        Failures failures = default;
        var start = PublisherMetrics.StartDelivery();
        var personalized = Registry.Personalize(make, channels);
        personalized.DeliveryStart = start;
        personalized.MakeAll(ownId, bytes, ref failures);
        var result = Registry.Send(personalized, channels, new SendContext(Settings.Now(), position));
        // Readers wait for these frames, so complete them before the handlers run. Hand over the ready copies before each call: a
        // function that blocks for one subscriber must not delay another one.
        foreach (var (subscriber, place) in result.Deferred ?? [])
        {
            CopyScheduler.Shared.Add(result.Ready);
            result.Ready = default;
            var frame = personalized.MakeLate(subscriber, ref failures);
            Registry.Complete(subscriber, place, frame, personalized.HistoryEntry!, ref result);
        }

        Complete(result, ref failures);
        CountPublished();
        failures.ThrowIfAny(
            "A personalized event could not be made for every subscriber, or a handler of Unsubscribed or a key function threw.");
        return result.Sent;
    }

    internal void Remember(HistoryEntry<TProperties> entry, in ChannelNames channels, EventPosition position)
    {
        Registry.Remember(entry, channels, Settings.Now(), position);
        BoundHistory();
    }

    internal int Unsubscribe(in ChannelNames channels, Func<TProperties, bool>? match)
    {
        var leaving = Registry.GetSubscriptions(channels);
        if (match is not null)
            leaving.RemoveAll(subscription => !match(subscription.Properties));

        Finish(Registry.Remove(leaving, channels, out var removed));
        return removed;
    }

    /// <summary>Ends matching subscriptions at once, also those whose missed personalized events are being made.</summary>
    internal int Disconnect(Func<TProperties, bool> match)
    {
        var leaving = Registry.GetAllSubscriptions(withResuming: true);
        leaving.RemoveAll(subscription => !match(subscription.Properties));
        var subscribers = leaving.Select(subscription => subscription.Subscriber).OfType<Subscriber<TProperties>>().ToList();
        var result = Registry.Disconnect(subscribers, out var ended);
        foreach (var subscriber in subscribers)
            subscriber.Subscription.DropQueue(subscriber);
        Finish(result);
        return ended;
    }

    internal bool Leave(Subscriber<TProperties> subscriber, in ChannelNames channels)
    {
        Finish(Registry.Leave(subscriber, channels, out var hasChanged));
        return hasChanged;
    }

    internal void Close() => Finish(Registry.EndAll(RegistryState.Open));

    /// <summary>Drains the publisher, without handlers. Returns the function that calls them.</summary>
    internal Action BeginDrain() => Begin(Registry.EndAll(RegistryState.Draining, Settings.Reconnection.NewLastFrames()));

    public void Dispose()
    {
        try
        {
            Finish(Registry.EndAll(RegistryState.Closed));
        }
        finally
        {
            _timer.Dispose();
        }
    }

    /// <summary>Does the work that a step of the registry has left, for a caller that cannot report failures.</summary>
    internal void CompleteUnreported(in RegistryResult<TProperties> result)
    {
        Failures unreported = default;
        Complete(result, ref unreported);
    }

    /// <summary>Does the work that a step of the registry has left: hands over ready copies, and announces ends.</summary>
    internal void Complete(in RegistryResult<TProperties> result, ref Failures failures)
    {
        CopyScheduler.Shared.Add(result.Ready);
        if (result.Ended is null)
            return;
        failures.Try(static core => core.StartLingering(), this);
        Notifier.AnnounceEnds(result.Ended, ref failures);
        foreach (var subscriber in result.Ended)
            subscriber.Subscription.ReleaseIfRead();
    }

    /// <summary>Does the work that a step of the registry has left, and throws the failures of handlers.</summary>
    internal void Finish(in RegistryResult<TProperties> result)
    {
        Failures failures = default;
        Complete(result, ref failures);
        failures.ThrowIfAny();
    }

    /// <summary>Hands over the copies that a step of the registry made ready. Returns the function that does the rest.</summary>
    internal Action Begin(RegistryResult<TProperties> result)
    {
        CopyScheduler.Shared.Add(result.Ready);
        result.Ready = default;
        return () => Finish(result);
    }

    /// <summary>Starts the time of subscribers that have just ended. Call outside every lock.</summary>
    internal void StartLingering()
    {
        Registry.StartLingering(Settings.TimeProvider.GetTimestamp());
        _timer.Start();
    }

    private void CountPublished()
    {
        PublisherMetrics.Published.Increment();
        BoundHistory();
    }

    /// <summary>Evicts the rest of the excess after an event was added, and lets the timer evict what gets too old.</summary>
    private void BoundHistory()
    {
        if (Registry.HasHistoryExcess)
            Registry.Evict();
        if (Settings.HistoryCapacity > 0 && Settings.HistoryMaxAge is not null)
            _timer.Start();
    }
}
