using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Work in steps under the lock: heartbeats, timeouts, and the eviction of old events.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>
    /// Sends a heartbeat to the next subscribers of a walk that got nothing since a time, and have an empty queue or wait for their
    /// initial data. Call until the walk is at its end.
    /// </summary>
    internal RegistryResult<TProperties> SendHeartbeats(ref SubscriberWalk walk, long since, long now)
    {
        RegistryResult<TProperties> result = default;
        var budget = SubscriberWalk.StepSize;
        lock (_gate)
            _index.VisitNext(ref walk, ref budget, SendHeartbeat);
        if (!walk.IsAtEnd)
            LetOthersIn();
        return result;

        void SendHeartbeat(Subscriber<TProperties> subscriber)
        {
            // Events that are written during the load are sent after it, so LastWrite does not show whether the stream is idle.
            if (subscriber.PendingLoad?.SendHeartbeat(since, now) == true)
                subscriber.Signal(ref result.Ready);
            if (subscriber.LastWrite > since || !subscriber.IsEmpty)
                return;
            subscriber.LastWrite = now;
            // A large event that is being written can leave no room: then the stream is not idle.
            if (!subscriber.TryAdd(Frame.Heartbeat))
                return;
            // The heartbeat takes room.
            SetUnitLimit_NeedsLock(subscriber);
            subscriber.Signal(ref result.Ready);
        }
    }

    /// <summary>Starts the time of subscribers that began to linger after the last call.</summary>
    internal void StartLingering(long now)
    {
        lock (_gate)
            _lingering.Start(now);
    }

    /// <summary>Removes and returns lingering subscribers whose readers read nothing.</summary>
    internal List<Subscriber<TProperties>>? TakeOverdue(long now)
    {
        lock (_gate)
            return _lingering.TakeOverdue(now);
    }

    /// <summary>
    /// Ends subscribers that have waited since a time and whose position this node of a backplane has not reached, although it reads
    /// the end of the stream. From then on, their ids are gaps.
    /// </summary>
    internal RegistryResult<TProperties> EndUnreached(long waitingSince)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            foreach (var (subscriber, position) in _ahead.FindOlderThan(waitingSince))
            {
                _history!.Distrust(position.Value);
                End_NeedsLock(subscriber, SubscriptionEndReason.Closed, ref result);
            }
        }

        return result;
    }

    /// <summary>Returns whether the timer has nothing to do except heartbeats.</summary>
    internal bool IsQuiet()
    {
        lock (_gate)
            return _lingering.IsEmpty && _ahead.Count == 0 && _history is not { CanExpire: true };
    }

    /// <summary>True if the history has too many bytes, because a publish could not evict enough. Takes no lock.</summary>
    internal bool HasHistoryExcess => _history is { HasExcess: true };

    /// <summary>
    /// Removes old events from the history, and the oldest events while there are too many bytes. Works in steps, so that no thread waits
    /// long for the lock.
    /// </summary>
    internal void Evict(long expiredBefore = long.MinValue)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_history is null || !_history.Evict(expiredBefore))
                    return;
            }

            LetOthersIn();
        }
    }

    /// <summary>
    /// Gives threads that wait for the lock the time to wake up. A lock is not fair: a thread that takes it again at once can
    /// keep the others out for 100 ms.
    /// </summary>
    private static void LetOthersIn()
    {
        // About 30 microseconds.
        const int spins = 300;
        Thread.Yield();
        Thread.SpinWait(spins);
    }
}
