using System.Diagnostics;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The one lock that gives all subscribers the same order of events: a frame goes into history and to the queues of all its
/// subscribers while nobody else can join, leave or send.
/// </summary>
/// <remarks>
/// No code of the application runs under the lock: functions, event handlers and clocks are called by
/// <see cref="PublisherCore{TProperties}"/>, before or after. What is called under it is ours alone, and a queue never runs
/// its reader.
/// </remarks>
internal sealed partial class SubscriberRegistry<TProperties>(object owner, EventHistory<TProperties>? history)
{
    private readonly Lock _gate = new();

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly ChannelIndex<TProperties> _roll = new();

    /// <summary>Whoever comes is sent away. Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _draining;

    /// <summary>Nobody can come any more. Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _closedForGood;

    /// <summary>
    /// Nothing is sent any more, which comes a little later: whoever hears that the last subscribers have gone may still
    /// publish that to nobody. Guarded by <see cref="_gate"/>, and never unset.
    /// </summary>
    private bool _disposed;

    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    internal void ThrowIfClosedForGood()
    {
        lock (_gate)
            ObjectDisposedException.ThrowIf(_closedForGood, owner);
    }

    /// <summary>
    /// Lets a subscriber into channels; from here on it is sent what is published. Says what it missed until here, where
    /// it said what it had last and history knows: since this is one step, nothing is in both, and nothing in neither.
    /// </summary>
    /// <returns>False for one who has come too late: it has ended already, before it began.</returns>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    internal bool TryAdd(
        Subscription<TProperties> subscription,
        in ChannelNames channels,
        string? lastEventId,
        long now,
        out ReplayRange<TProperties>? missed)
    {
        missed = null;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closedForGood, owner);
            if (_draining)
            {
                End_NeedsLock(subscription, SubscriptionEndReason.Closed);
                return false;
            }

            subscription.LastActivity = now;
            _roll.Join(subscription, channels);
            history?.Join(channels, now);
            if (!string.IsNullOrEmpty(lastEventId))
                missed = history?.After(lastEventId!, channels, now);
            if (missed is not null)
                subscription.HasHad = missed.Position;
            return true;
        }
    }

    /// <summary>Those who are in the channels now, each once.</summary>
    internal List<Subscription<TProperties>> Snapshot(in ChannelNames channels)
    {
        lock (_gate)
            return Snapshot_NeedsLock(channels);
    }

    /// <summary>Takes subscribers out of the channels, ends those that are left in none, and returns how many were in one of them.</summary>
    internal int Remove(
        List<Subscription<TProperties>> subscriptions, in ChannelNames channels, ref List<Subscription<TProperties>>? ended)
    {
        lock (_gate)
        {
            var removed = 0;
            _roll.Mark(channels);
            foreach (var subscription in subscriptions)
            {
                var staying = _roll.Unmarked(subscription);
                if (subscription.EndReason is not null || staying == subscription.Memberships.Length)
                    continue;
                removed++;
                if (staying > 0)
                    _roll.LeaveMarked(subscription, staying);
                else
                    End_NeedsLock(subscription, SubscriptionEndReason.Unsubscribed, ref ended);
            }

            return removed;
        }
    }

    /// <summary>Ends one subscription, and returns whether it had not ended before.</summary>
    internal bool TryEnd(Subscription<TProperties> subscription, SubscriptionEndReason reason)
    {
        lock (_gate)
        {
            if (subscription.EndReason is not null)
                return false;
            End_NeedsLock(subscription, reason);
            return true;
        }
    }

    /// <summary>
    /// Begins the history anew with positions that a backplane gives, and ends all subscriptions, in one step: nobody
    /// resumes between the two from what is to be forgotten. Returns whom it ended.
    /// </summary>
    internal List<Subscription<TProperties>>? Follow(Epoch epoch, long before)
    {
        lock (_gate)
        {
            history?.Follow(epoch, before);
            return EndAll_NeedsLock(reconnection: null);
        }
    }

    /// <summary>Ends all subscriptions, and returns them.</summary>
    internal List<Subscription<TProperties>>? EndAll()
    {
        lock (_gate)
            return EndAll_NeedsLock(reconnection: null);
    }

    /// <summary>The same, and tells each when to come back; whoever comes from here on is sent away.</summary>
    internal List<Subscription<TProperties>>? Drain(ReconnectionTime reconnection)
    {
        lock (_gate)
        {
            _draining = true;
            return EndAll_NeedsLock(reconnection);
        }
    }

    /// <summary>Ends all subscriptions, and returns them; no other will be let in.</summary>
    internal List<Subscription<TProperties>>? CloseForGood()
    {
        lock (_gate)
        {
            _closedForGood = true;
            return EndAll_NeedsLock(reconnection: null);
        }
    }

    /// <summary>From here on nothing is sent. To be called behind <see cref="CloseForGood"/>.</summary>
    internal void Dispose()
    {
        lock (_gate)
            _disposed = true;
    }

    /// <summary>From here on a copy is told of what is sent to a subscription, and of its end; what came before, it has to look for.</summary>
    internal void CopyTo(Subscription<TProperties> subscription, PipeCopy copy)
    {
        lock (_gate)
        {
            subscription.Queue.CopyTo(copy);
            if (subscription.EndReason is null)
                ChannelIndex<TProperties>.SetWriter(subscription, subscription.Queue.Writer);
        }
    }

    /// <summary>The names of the channels that a subscriber is in, or was in when it ended.</summary>
    internal string[] ChannelsOf(Subscription<TProperties> subscription)
    {
        lock (_gate)
            return Array.ConvertAll(subscription.Memberships, static membership => membership.Channel.Name);
    }

    private List<Subscription<TProperties>>? EndAll_NeedsLock(ReconnectionTime? reconnection)
    {
        AssertLocked();
        List<Subscription<TProperties>>? ended = null;
        foreach (var channel in _roll.Channels())
        {
            while (channel.Count > 0)
            {
                var (subscription, writer, _) = channel[channel.Count - 1];
                // One whose queue is full has been told at its beginning, and no event is to make room.
                if (subscription.Queue.HasRoom && reconnection?.NewFrame() is { } farewell)
                    writer.TryWrite(farewell);
                End_NeedsLock(subscription, SubscriptionEndReason.Closed, ref ended);
            }
        }

        return ended;
    }

    private List<Subscription<TProperties>> Snapshot_NeedsLock(in ChannelNames channels)
    {
        AssertLocked();
        var found = new List<Subscription<TProperties>>();
        foreach (var entry in _roll.Walk(channels))
            found.Add(entry.Subscriber);
        // Those who came first, first.
        found.Reverse();
        return found;
    }

    private void End_NeedsLock(
        Subscription<TProperties> subscription, SubscriptionEndReason reason, ref List<Subscription<TProperties>>? ended)
    {
        End_NeedsLock(subscription, reason);
        (ended ??= []).Add(subscription);
    }

    private void End_NeedsLock(Subscription<TProperties> subscription, SubscriptionEndReason reason)
    {
        AssertLocked();
        subscription.SetEnded(reason);
        _roll.LeaveAll(subscription);
        subscription.Queue.Complete();
    }

    [Conditional("DEBUG")]
    private void AssertLocked() =>
#if NET9_0_OR_GREATER
        Debug.Assert(_gate.IsHeldByCurrentThread, "The registry's lock is held.");
#else
        Debug.Assert(Monitor.IsEntered(_gate), "The registry's lock is held.");
#endif
}
