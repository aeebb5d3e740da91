using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The notifier that calls the application's handlers when subscriptions begin and end, outside every lock. If a handler throws, the
/// other handlers are still called.
/// </summary>
/// <param name="sender">The publisher.</param>
/// <param name="registry">The registry, which counts the announced ends.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
internal sealed class SubscriptionNotifier<TProperties>(object sender, SubscriberRegistry<TProperties> registry)
{
    /// <summary>
    /// The ends that this thread still has to announce; null while it announces none. A handler can end another subscription,
    /// whose handler can end the next one: nested calls would overflow the stack.
    /// </summary>
    [ThreadStatic]
    private static Queue<(SubscriptionNotifier<TProperties> Notifier, Subscription<TProperties> Subscription)>? _ends;

    internal event EventHandler<SubscriptionEventArgs<TProperties>>? Subscribed;

    internal event EventHandler<SubscriptionEventArgs<TProperties>>? Unsubscribed;

    /// <exception cref="AggregateException">A handler threw. The subscription was ended, and its end was announced.</exception>
    internal void AnnounceBeginning(Subscriber<TProperties> subscriber)
    {
        Failures failures = default;
        var subscription = subscriber.Subscription;
        PublisherMetrics.CountBeginning(subscription.Resume);
        Raise(Subscribed, subscription, ref failures);

        // The caller gets an exception instead of the subscription, and so cannot end it.
        if (failures.Any)
            subscription.EndNow(SubscriptionEndReason.Unsubscribed, ref failures);
        if (subscriber.TryCompleteAnnouncement())
            AnnounceEnd(subscription, ref failures);
        failures.ThrowIfAny("A handler of Subscribed or Unsubscribed threw.");
    }

    /// <summary>
    /// Announces ends. A subscription can end while its beginning is being announced: that call then announces the end.
    /// </summary>
    internal void AnnounceEnds(List<Subscriber<TProperties>> subscribers, ref Failures failures)
    {
        foreach (var subscriber in subscribers)
        {
            if (subscriber.TryCompleteAnnouncement())
                AnnounceEnd(subscriber.Subscription, ref failures);
        }
    }

    private void AnnounceEnd(Subscription<TProperties> subscription, ref Failures failures)
    {
        PublisherMetrics.CountEnd(subscription.EndReason.GetValueOrDefault());
        if (_ends is not null)
        {
            _ends.Enqueue((this, subscription));
            return;
        }

        _ends = new();
        try
        {
            RaiseUnsubscribed(subscription, ref failures);
            while (_ends.Count > 0)
            {
                var (notifier, ended) = _ends.Dequeue();
                notifier.RaiseUnsubscribed(ended, ref failures);
            }
        }
        finally
        {
            _ends = null;
        }
    }

    private void RaiseUnsubscribed(Subscription<TProperties> subscription, ref Failures failures)
    {
        Raise(Unsubscribed, subscription, ref failures);
        registry.SetAnnounced();
    }

    private void Raise(
        EventHandler<SubscriptionEventArgs<TProperties>>? handlers, Subscription<TProperties> subscription, ref Failures failures)
    {
        if (handlers is null)
            return;

        var arguments = new SubscriptionEventArgs<TProperties>(subscription);
        foreach (var handler in handlers.GetInvocationList())
        {
            failures.Try(
                static raise => ((EventHandler<SubscriptionEventArgs<TProperties>>)raise.handler)(raise.sender, raise.arguments),
                (handler, sender, arguments));
        }
    }
}
