using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that end subscribers.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Ends one subscriber, if it has not ended before.</summary>
    internal RegistryResult<TProperties> End(Subscriber<TProperties> subscriber, SubscriptionEndReason reason)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (subscriber.End is null)
                End_NeedsLock(subscriber, reason, ref result);
        }

        return result;
    }

    /// <summary>Ends a subscriber, and stops the delivery. The caller drops the queue.</summary>
    internal RegistryResult<TProperties> EndNow(Subscriber<TProperties> subscriber, SubscriptionEndReason reason)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
            EndNow_NeedsLock(subscriber, reason, ref result);
        return result;
    }

    /// <summary>
    /// Ends a subscriber whose token was canceled, like <see cref="EndNow"/>, and leaves the announcement to a later call of that
    /// method.
    /// </summary>
    internal void EndUnannounced(Subscriber<TProperties> subscriber)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            _lingering.Remove(subscriber);
            if (subscriber.End is not null)
            {
                subscriber.Abort();
                return;
            }

            End_NeedsLock(subscriber, SubscriptionEndReason.Canceled, ref result, aborts: true);
            subscriber.End!.IsUnannounced = true;
            // If its writer ignores the cancellation, the end is announced after the linger timeout.
            _lingering.Add(subscriber);
        }

        CopyScheduler.Shared.Add(result.Ready);
    }

    /// <summary>Ends all subscribers.</summary>
    /// <param name="atLeast">The state to reach. A later state is kept.</param>
    /// <param name="lastFrames">A last frame for each subscriber. They are used in turn; null for none.</param>
    internal RegistryResult<TProperties> EndAll(RegistryState atLeast, Frame[]? lastFrames = null)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (_state < atLeast)
                _state = atLeast;
            // Nothing can be resumed anymore. A replay that is being read keeps what it needs.
            if (_state == RegistryState.Closed)
                _history = null;
            EndAll_NeedsLock(lastFrames, ref result);
            // A subscriber whose load is not complete lingers, also if it had ended before.
            if (_state != RegistryState.Open)
                _lingering.StopLoads();
        }

        return result;
    }

    /// <summary>
    /// Takes later positions from a backplane, and ends all subscribers. This is one step, because it clears the history: a
    /// client must not resume in between.
    /// </summary>
    internal RegistryResult<TProperties> Follow(EventIds ids, EventPosition before)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            EndAll_NeedsLock(lastFrames: null, ref result);
            _history = _history?.Follow(ids, before);
        }

        return result;
    }

    /// <summary>
    /// Ends the subscribers from other nodes whose position is at most a value, but never was in the history: their ids come
    /// from another stream.
    /// </summary>
    internal RegistryResult<TProperties> EndUnknown(long value)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (_history is null || !_ahead.MayReach(value))
                return result;
            foreach (var subscriber in _ahead.FindUnknown(_history.Ids, value))
                End_NeedsLock(subscriber, SubscriptionEndReason.Closed, ref result);
        }

        return result;
    }

    /// <summary>Notes that everything up to a position of a backplane has been read.</summary>
    internal void Advance(EventPosition position)
    {
        lock (_gate)
        {
            _history?.Advance(position);
            _ahead.RemoveReached(position.Value);
        }
    }

    /// <summary>
    /// Notes whether this node of a backplane has caught up. Before that, a position that it has not reached may still come.
    /// </summary>
    internal void SetCaughtUp(bool isCaughtUp, long now)
    {
        lock (_gate)
            _ahead.WaitsSince = isCaughtUp ? now : long.MaxValue;
    }

    /// <summary>Counts an end as announced.</summary>
    internal void SetAnnounced()
    {
        lock (_gate)
            _unannouncedEnds--;
    }

    private void EndNow_NeedsLock(
        Subscriber<TProperties> subscriber, SubscriptionEndReason reason, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        if (subscriber.End is not { } end)
        {
            End_NeedsLock(subscriber, reason, ref result, aborts: true);
            return;
        }

        _lingering.Remove(subscriber);
        subscriber.Abort();
        if (end.IsUnannounced)
            (result.Ended ??= []).Add(subscriber);
        end.IsUnannounced = false;
    }

    private void EndAll_NeedsLock(Frame[]? lastFrames, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        for (var ended = 0; _index.AnySubscriber is { } subscriber; ended++)
        {
            // A full queue gets no last frame: no event is dropped for it, and its client already has a reconnection interval.
            if (lastFrames is not null)
                subscriber.TryAdd(lastFrames[ended % lastFrames.Length]);
            End_NeedsLock(subscriber, SubscriptionEndReason.Closed, ref result);
        }
    }

    private void End_NeedsLock(
        Subscriber<TProperties> subscriber, SubscriptionEndReason reason, ref RegistryResult<TProperties> result, bool aborts = false)
    {
        AssertLocked();
        subscriber.End = new(reason, _index.LeaveAll(subscriber));
        // A reader that sees the abort can ask for the reason, so the reason is set first.
        if (aborts)
            subscriber.Abort();
        if (subscriber.KeyFunction is not null)
            Volatile.Write(ref _conflating, _conflating - 1);
        _subscribers--;
        _ahead.Remove(subscriber);
        if (subscriber.HasUnread && !subscriber.IsAborted)
            _lingering.Add(subscriber);
        subscriber.Complete(ref result.Ready);
        _unannouncedEnds++;
        (result.Ended ??= []).Add(subscriber);
    }
}
