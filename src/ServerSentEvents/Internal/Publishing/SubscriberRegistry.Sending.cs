using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that send to subscribers, and the work of the timer.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>The number of channels and events that the timer looks at in one step under the lock.</summary>
    private const int EvictionBudget = 1_024;

    /// <summary>Sends one frame to all subscribers of the channels.</summary>
    /// <param name="frame">The frame; an event goes into the history.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="now">The time; 0 if nothing needs it.</param>
    /// <param name="position">The position that a backplane gives; null for none.</param>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal RegistryResult<TProperties> Send(Frame frame, in ChannelNames channels, long now, long? position)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed_NeedsLock, _owner);
            if (frame.IsEvent && !_isClosed)
                _history?.Add(new HistoryEntry<TProperties>(frame), channels, now, position);
            var walk = channels.Count == 1 ? 0 : _index.NewWalk();
            for (var i = channels.Count - 1; i >= 0; i--)
            {
                if (_index.TryGet(channels[i], out var channel))
                    Send_NeedsLock(channel, walk, frame, now, position, ref result);
            }
        }

        return result;
    }

    /// <summary>Lists the subscribers of the channels for a personalized event.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal PersonalizedEvent<TProperties> Personalize(Func<TProperties, Frame?> make, in ChannelNames channels)
    {
        var subscribers = new List<Subscriber<TProperties>>();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed_NeedsLock, _owner);
            foreach (var member in _index.Visit(channels))
                subscribers.Add(member.Subscriber);
            return new(make, subscribers, _index.Joined);
        }
    }

    /// <summary>
    /// Sends its frame to each subscriber that is still in one of the channels. This is one step, so that the event has one
    /// place in the order. Subscribers that joined later get a place for a frame that the caller still has to make.
    /// </summary>
    internal RegistryResult<TProperties> Send(
        PersonalizedEvent<TProperties> personalized, in ChannelNames channels, long now, long? position)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (IsDisposed_NeedsLock)
                return result;
            if (!_isClosed && _history?.Add(personalized.HistoryEntry!, channels, now, position) == true)
            {
                personalized.PlaceAt(_history.Ids, _history.Position);
                _history.AddAmbiguous(personalized.DifferentIds, channels);
            }

            var present = _index.NewWalk();
            foreach (var _ in _index.Visit(channels, present))
            {
            }

            foreach (var (subscriber, frame) in personalized.Frames)
            {
                if (frame is not null && subscriber.WasVisited(present))
                    Send_NeedsLock(subscriber, frame, now, position, ref result);
            }

            if (personalized.Joined != _index.Joined)
                Defer_NeedsLock(personalized, channels, now, position, ref result);
        }

        return result;
    }

    /// <summary>Completes the frames of subscribers that joined while a personalized event was being made.</summary>
    internal RegistryResult<TProperties> Complete(List<DeferredDelivery<TProperties>> deliveries)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            foreach (var (subscriber, place, frame) in deliveries)
            {
                var written = subscriber.CompleteDeferred(place, frame, ref result.Ready);
                ChannelIndex<TProperties>.SetUnitLimit(subscriber);
                if (written == QueueWriteResult.Added)
                    result.Sent++;
                else if (written == QueueWriteResult.Overflowed && subscriber.End is null)
                    End_NeedsLock(subscriber, SubscriptionEndReason.Overflowed, ref result);
            }
        }

        return result;
    }

    /// <summary>Adds an event of a backplane to the history alone.</summary>
    internal void Remember(HistoryEntry<TProperties> entry, in ChannelNames channels, long now, long position)
    {
        lock (_gate)
        {
            if (!_isClosed)
                _history?.Add(entry, channels, now, position);
        }
    }

    /// <summary>Sends a comment to subscribers that were sent nothing since a time and have read everything.</summary>
    internal RegistryResult<TProperties> SendHeartbeats(long since, long now)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            foreach (var channel in _index.Channels())
            {
                for (var place = 0; place < channel.Count; place++)
                {
                    // After a heartbeat in one channel, the subscriber is not idle in the others.
                    var subscriber = channel[place].Subscriber;
                    if (subscriber.LastWrite > since || !subscriber.IsEmpty)
                        continue;
                    subscriber.LastWrite = now;
                    // A large event that is being written can leave no room: then the stream is not idle.
                    if (subscriber.WriteIfRoom(Frame.Heartbeat))
                        subscriber.Signal(ref result.Ready);
                }
            }
        }

        return result;
    }

    /// <summary>
    /// Removes expired events from the history. Releases the lock from time to time, so that no thread waits long.
    /// </summary>
    internal void EvictExpired(long now)
    {
        var place = 0;
        do
        {
            lock (_gate)
                _history?.EvictExpired(ref place, now, EvictionBudget);
        }
        while (place > 0);
    }

    /// <summary>Starts the time of subscribers that began to linger after the last call.</summary>
    internal void StartLingering(long now)
    {
        lock (_gate)
            _lingering.Start(now);
    }

    /// <summary>Removes and returns lingering subscribers whose readers take nothing.</summary>
    internal List<Subscriber<TProperties>>? TakeOverdue(long now)
    {
        lock (_gate)
            return _lingering.TakeOverdue(now);
    }

    /// <summary>
    /// Ends subscribers that came before a time and whose position this node of a backplane has not reached. Later, their ids
    /// are gaps.
    /// </summary>
    internal RegistryResult<TProperties> EndUnreached(long since)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            foreach (var (subscriber, position) in _ahead.Since(since))
            {
                _history!.Distrust(position);
                End_NeedsLock(subscriber, SubscriptionEndReason.Closed, ref result);
            }
        }

        return result;
    }

    /// <summary>True if the timer has nothing to do but heartbeats.</summary>
    internal bool IsQuiet()
    {
        lock (_gate)
            return _lingering.IsEmpty && _ahead.Count == 0 && _history is not { CanExpire: true };
    }

    private void Defer_NeedsLock(
        PersonalizedEvent<TProperties> personalized,
        in ChannelNames channels,
        long now,
        long? position,
        ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        var walk = _index.NewWalk();
        foreach (var (subscriber, _) in personalized.Frames)
            subscriber.TryVisit(walk);
        foreach (var member in _index.Visit(channels, walk))
        {
            var place = new DeferredFrame();
            if (!Send_NeedsLock(member.Subscriber, place, now, position, ref result))
                continue;
            // The frame is counted when it is made.
            result.Sent--;
            (result.Deferred ??= []).Add(new(member.Subscriber, place, Frame: null));
        }
    }

    /// <summary>Sends a frame to the members of a channel that the walk has not visited. This loop has to be fast.</summary>
    private void Send_NeedsLock(
        ChannelMembers<TProperties> channel,
        long walk,
        Frame frame,
        long now,
        long? position,
        ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        // Skip a repeated name. A walk of 0 means a single channel, whose members need no marks.
        if (walk != 0 && channel.Mark == walk)
            return;
        channel.Mark = walk;
        channel.Add(frame.Length);
        var units = channel.Units;
        var sent = 0;
        var hasAhead = position is not null && _ahead.Count > 0;
        var hasHeartbeats = _hasHeartbeats;
        var members = channel.Members;
        // From the end, because the last member, which was visited already, takes the place of a member that leaves.
        for (var i = members.Length - 1; i >= 0; i--)
        {
            ref var member = ref members[i];
            if (walk != 0 && !member.Subscriber.TryVisit(walk))
                continue;
            if (member.HasRoom(units) && !hasAhead && member.Writer.TryWrite(frame))
            {
                sent++;
                if (hasHeartbeats)
                    member.Subscriber.LastWrite = now;
                if (member.HasCopy)
                    member.Subscriber.Signal(ref result.Ready);
                continue;
            }

            // The slow way counts the frame itself, after all checks.
            var subscriber = member.Subscriber;
            if (subscriber.MembershipCount == 1)
                subscriber.Uncount(frame.Length);
            Send_NeedsLock(subscriber, frame, now, position, ref result);
            members = channel.Members;
        }

        result.Sent += sent;
    }

    private bool Send_NeedsLock(
        Subscriber<TProperties> subscriber, QueueItem item, long now, long? position, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        if (position is { } place && _ahead.Count > 0 && _ahead.HasEvent(subscriber, place))
            return false;
        subscriber.LastWrite = now;
        switch (subscriber.Write(item, ref result.Ready))
        {
            case QueueWriteResult.Added:
                result.Sent++;
                ChannelIndex<TProperties>.SetUnitLimit(subscriber);
                return true;
            case QueueWriteResult.Overflowed:
                End_NeedsLock(subscriber, SubscriptionEndReason.Overflowed, ref result);
                return false;
            default:
                ChannelIndex<TProperties>.SetUnitLimit(subscriber);
                return false;
        }
    }
}
