namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// Tells the application of subscriptions that begin and end, outside every lock, each handler whether or not another
/// one threw.
/// </summary>
internal sealed class SubscriptionNotifier<TProperties>(object sender)
{
    /// <summary>
    /// The ends that this thread has still to announce, while it announces one; else null. A handler that publishes may end
    /// another subscription, whose handler publishes: told one inside the other, they would run out of stack.
    /// </summary>
    [ThreadStatic]
    private static Queue<(SubscriptionNotifier<TProperties> Announcer, Subscription<TProperties> Subscription)>? _ends;

    internal event EventHandler<SubscriptionEventArgs<TProperties>>? Subscribed;

    internal event EventHandler<SubscriptionEventArgs<TProperties>>? Unsubscribed;

    /// <exception cref="AggregateException">A handler threw; the subscription has been ended, and that announced.</exception>
    internal void AnnounceBeginning(Subscription<TProperties> subscription)
    {
        Failures failures = default;
        failures.Try(static begun => PublisherMetrics.Began(begun.Resume), subscription);
        Raise(Subscribed, subscription, ref failures);

        // Its owner-to-be will get an exception in its stead, and could not end it.
        if (failures.Any)
            subscription.EndNow(SubscriptionEndReason.Unsubscribed);
        if (subscription.Announcement.HasBegun())
            RaiseUnsubscribed(subscription, ref failures);
        failures.ThrowIfAny("A handler of Subscribed or Unsubscribed threw.");
    }

    /// <exception cref="AggregateException">A handler threw.</exception>
    internal void AnnounceEnd(Subscription<TProperties> subscription)
    {
        Failures failures = default;
        AnnounceEnd(subscription, ref failures);
        failures.ThrowIfAny("A handler of Unsubscribed threw.");
    }

    /// <exception cref="AggregateException">A handler threw.</exception>
    internal void AnnounceEnds(List<Subscription<TProperties>>? subscriptions)
    {
        Failures failures = default;
        AnnounceEnds(subscriptions, ref failures);
        failures.ThrowIfAny("A handler of Unsubscribed threw.");
    }

    internal void AnnounceEnds(List<Subscription<TProperties>>? subscriptions, ref Failures failures)
    {
        foreach (var subscription in subscriptions ?? [])
            AnnounceEnd(subscription, ref failures);
    }

    private void AnnounceEnd(Subscription<TProperties> subscription, ref Failures failures)
    {
        failures.Try(static ended => PublisherMetrics.HasEnded(ended.EndReason), subscription);
        if (subscription.Announcement.HasEnded())
            RaiseUnsubscribed(subscription, ref failures);
    }

    private void RaiseUnsubscribed(Subscription<TProperties> subscription, ref Failures failures)
    {
        if (_ends is not null)
        {
            _ends.Enqueue((this, subscription));
            return;
        }

        _ends = new();
        try
        {
            Raise(Unsubscribed, subscription, ref failures);
            while (_ends.Count > 0)
            {
                var (announcer, ended) = _ends.Dequeue();
                announcer.Raise(announcer.Unsubscribed, ended, ref failures);
            }
        }
        finally
        {
            _ends = null;
        }
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
