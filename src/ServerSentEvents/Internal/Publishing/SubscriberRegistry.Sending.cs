using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that send to subscribers, and the work of the timer.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Returns the different key functions of the channels' subscribers that conflate; null for none.</summary>
    internal HashSet<Func<SseItem<string>, string?>>? KeyFunctions(in ChannelNames channels)
    {
        if (Volatile.Read(ref _conflating) == 0)
            return null;
        HashSet<Func<SseItem<string>, string?>>? found = null;
        lock (_gate)
        {
            for (var i = 0; i < channels.Count; i++)
            {
                if (_index.TryGet(channels[i], out var channel) && channel.KeyFunctions is { } functions)
                    (found ??= []).UnionWith(functions);
            }
        }

        return found;
    }

    /// <summary>Sends one frame to all subscribers of the channels. An event goes into the history.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal RegistryResult<TProperties> Send(Frame frame, in ChannelNames channels, in SendContext context)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed_NeedsLock, _owner);
            if (frame.IsEvent && !_isClosed && _history is not null)
            {
                _history.Add(new HistoryEntry<TProperties>(frame), channels, context.Now, context.Position);
                result.HasHistoryExcess = _history.HasExcess;
            }

            var walk = channels.Count == 1 ? 0 : _index.NewWalk();
            for (var i = channels.Count - 1; i >= 0; i--)
            {
                if (_index.TryGet(channels[i], out var channel))
                    Send_NeedsLock(channel, walk, frame, context, ref result);
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
            return new(make, subscribers, _index.Joins);
        }
    }

    /// <summary>
    /// Sends its frame to each subscriber that is still in one of the channels. This is one step, so that the event has one
    /// place in the order. Subscribers that joined later get a place for a frame that the caller still has to make.
    /// </summary>
    internal RegistryResult<TProperties> Send(
        PersonalizedEvent<TProperties> personalized, in ChannelNames channels, in SendContext context)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (IsDisposed_NeedsLock)
                return result;
            if (!_isClosed && _history?.Add(personalized.HistoryEntry!, channels, context.Now, context.Position) == true)
            {
                personalized.PlaceAt(_history.Ids, _history.Position);
                _history.AddAmbiguous(personalized.DifferentIds, channels);
            }

            var present = _index.NewWalk();
            foreach (var _ in _index.Visit(channels, present))
            {
            }

            foreach (var (subscriber, frame, key) in personalized.Frames)
            {
                if (frame is not null && subscriber.WasVisited(present) && BeginSend_NeedsLock(subscriber, context))
                    EndSend_NeedsLock(subscriber, subscriber.Write(frame, key, ref result.Ready), ref result);
            }

            if (personalized.Joins != _index.Joins)
                Defer_NeedsLock(personalized, channels, context, ref result);
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
    internal RegistryResult<TProperties> Remember(
        HistoryEntry<TProperties> entry, in ChannelNames channels, long now, long position)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (_isClosed || _history is null)
                return result;
            _history.Add(entry, channels, now, position);
            result.HasHistoryExcess = _history.HasExcess;
        }

        return result;
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

    /// <summary>Removes expired events from the history, in steps, so that no thread waits long for the lock.</summary>
    internal void EvictExpired(long now) => InSteps(static (history, now) => history.EvictExpired(now), now);

    /// <summary>
    /// Removes the oldest events from the history while it has too many bytes, in steps, so that no thread waits long for the
    /// lock.
    /// </summary>
    internal void EvictExcess() => InSteps(static (history, _) => history.EvictExcess(), now: 0);

    /// <summary>Starts the time of subscribers that began to linger after the last call.</summary>
    internal void StartLingering(long now)
    {
        lock (_gate)
            _lingering.Start(now);
    }

    /// <summary>Returns the lingering subscribers.</summary>
    internal List<Subscriber<TProperties>> GetLingering()
    {
        lock (_gate)
            return _lingering.ToList();
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

    /// <summary>Calls a method of the history until it returns false.</summary>
    private void InSteps(Func<EventHistory<TProperties>, long, bool> step, long now)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_history is null || !step(_history, now))
                    return;
            }

            LetOthersIn();
        }
    }

    private void Defer_NeedsLock(
        PersonalizedEvent<TProperties> personalized,
        in ChannelNames channels,
        in SendContext context,
        ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        var walk = _index.NewWalk();
        foreach (var (subscriber, _, _) in personalized.Frames)
            subscriber.TryVisit(walk);
        foreach (var member in _index.Visit(channels, walk))
        {
            var place = new DeferredFrame();
            if (!BeginSend_NeedsLock(member.Subscriber, context)
                || !EndSend_NeedsLock(member.Subscriber, member.Subscriber.WriteDeferred(place), ref result))
            {
                continue;
            }

            // The frame is counted when it is made.
            result.Sent--;
            (result.Deferred ??= []).Add(new(member.Subscriber, place, Frame: null));
        }
    }

    /// <summary>Sends a frame to the members of a channel that the walk has not visited. This loop has to be fast.</summary>
    private void Send_NeedsLock(
        ChannelMembers<TProperties> channel, long walk, Frame frame, in SendContext context, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        // Skip a repeated name. A walk of 0 means a single channel, whose members need no marks.
        if (walk != 0 && channel.Mark == walk)
            return;
        channel.Mark = walk;
        channel.Add(frame.Length);
        var units = channel.Units;
        var sent = 0;
        var hasAhead = context.Position is not null && _ahead.Count > 0;
        var hasHeartbeats = _hasHeartbeats;
        var now = context.Now;
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
            if (BeginSend_NeedsLock(subscriber, context))
            {
                var key = context.Keys?.For(subscriber) ?? default;
                EndSend_NeedsLock(subscriber, subscriber.Write(frame, key, ref result.Ready), ref result);
            }

            members = channel.Members;
        }

        result.Sent += sent;
    }

    /// <summary>Returns whether a subscriber gets an event, and notes the time.</summary>
    private bool BeginSend_NeedsLock(Subscriber<TProperties> subscriber, in SendContext context)
    {
        AssertLocked();
        if (context.Position is { } place && _ahead.Count > 0 && _ahead.HasEvent(subscriber, place))
            return false;
        subscriber.LastWrite = context.Now;
        return true;
    }

    /// <summary>Does what the result of a write needs. Returns whether the queue took the frame.</summary>
    private bool EndSend_NeedsLock(
        Subscriber<TProperties> subscriber, QueueWriteResult written, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        if (written == QueueWriteResult.Overflowed)
        {
            End_NeedsLock(subscriber, SubscriptionEndReason.Overflowed, ref result);
            return false;
        }

        ChannelIndex<TProperties>.SetUnitLimit(subscriber);
        if (written == QueueWriteResult.Added)
            result.Sent++;
        return written == QueueWriteResult.Added;
    }
}

/// <summary>What a send needs beside the event and its channels.</summary>
/// <param name="Now">The time; 0 if nothing needs it.</param>
/// <param name="Position">The position that a backplane gives; null for none.</param>
/// <param name="Keys">The conflation keys of a shared event; null if no subscriber conflates.</param>
internal readonly record struct SendContext(long Now, long? Position, EventKeys? Keys = null);
