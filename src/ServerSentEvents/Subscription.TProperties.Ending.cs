using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents;

/// <content>Members that end the subscription.</content>
public sealed partial class Subscription<TProperties>
{
    /// <summary>Ends the subscription after its queued events: no further event is queued.</summary>
    /// <remarks>
    /// The queued events are still delivered, within the limits of <see cref="PublisherOptions.LingerTimeout"/>, and then
    /// the stream ends. The reason is <see cref="SubscriptionEndReason.Closed"/>. The method does not wait for the
    /// delivery. It has no effect after the end.
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Close() => BeginClose()();

    /// <summary>Does what <see cref="Close"/> does before it calls handlers. Returns the function that calls them.</summary>
    internal Action BeginClose() => Core is { } core && Subscriber is { } subscriber
        ? core.Begin(core.Registry.End(subscriber, SubscriptionEndReason.Closed))
        : static () => { };

    /// <summary>Ends the subscription at once and drops its queue. A waiting reader gets the end of the stream.</summary>
    /// <remarks>
    /// The reason is <see cref="SubscriptionEndReason.Unsubscribed"/>. After an earlier end, the method only drops the
    /// queue. It can be called repeatedly.
    /// </remarks>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public void Dispose()
    {
        Failures failures = default;
        EndNow(SubscriptionEndReason.Unsubscribed, ref failures);
        failures.ThrowIfAny();
    }

    /// <summary>Ends the subscription, drops its queue, and calls the handlers.</summary>
    internal void EndNow(SubscriptionEndReason reason, ref Failures failures)
    {
        if (Core is not { } core || Subscriber is not { } subscriber)
            return;
        var result = core.Registry.EndNow(subscriber, subscriber.HasLostFrames ? SubscriptionEndReason.Overflowed : reason);
        DropQueue(subscriber);
        core.Complete(result, ref failures);
    }

    /// <summary>
    /// Ends the subscription of a copy without calling the handlers. The copy calls <see cref="EndNow"/> later, which calls them.
    /// </summary>
    internal void CancelCopy()
    {
        if (Core is not { } core || Subscriber is not { } subscriber)
            return;
        core.Registry.EndUnannounced(subscriber);
        subscriber.Discard();
        subscriber.Copy?.CancelFlush();
        core.StartLingering();
    }

    /// <summary>Drops the queued events. Call after the queue was aborted and the subscription has ended.</summary>
    internal void DropQueue(Subscriber<TProperties> subscriber)
    {
        subscriber.Discard();
        // A copy that still uses its writer calls Release itself.
        if (subscriber.Copy is { } copy)
            copy.CancelFlush();
        else
            Release();
    }

    /// <summary>Drops the rest of the queue after the linger timeout.</summary>
    internal void CutOff()
    {
        WasCutOff = true;
        // A copy that was canceled, or a reader that has taken everything, loses nothing here.
        if (Subscriber is { IsAborted: false, HasUnread: true })
            PublisherMetrics.CutOff.Increment();
        Failures unreported = default;
        EndNow(SubscriptionEndReason.Unsubscribed, ref unreported);
    }

    /// <summary>Releases the queue if nothing can be read anymore. A copy does this by itself.</summary>
    internal void ReleaseIfRead()
    {
        // Check first whether the replay is complete: before it is, a finished queue can still get its first frames.
        if (!IsResuming && Subscriber is { Copy: null, IsFinished: true })
            Release();
    }

    /// <summary>Releases the publisher and the queue. Call when nothing can be read anymore.</summary>
    internal void Release()
    {
        if (Subscriber is not { } subscriber)
            return;
        Volatile.Write(ref _state, new FinalState(subscriber.Properties, Channels, subscriber.Dropped, subscriber.End?.Reason));
        Volatile.Write(ref _core, null);
    }
}
