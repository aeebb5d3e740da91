using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that send to subscribers, and add to the history.</content>
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
            if (frame.IsEvent && _history is not null)
            {
                // With a backplane, an event without a position is published on this node alone. The other nodes do not know its id.
                if (!_history.Add(new HistoryEntry<TProperties>(frame), channels, context.Now, context.Position))
                    frame.RemoveId();
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

    /// <summary>Adds an event of a backplane to the history alone.</summary>
    internal void Remember(HistoryEntry<TProperties> entry, in ChannelNames channels, long now, EventPosition position)
    {
        lock (_gate)
            _history?.Add(entry, channels, now, position);
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
        var hasHeartbeats = _hasHeartbeats;
        var now = context.Now;
        var members = channel.Members;
        // Go forward, because the processor fetches memory ahead in this direction.
        for (var i = 0; i < members.Length; i++)
        {
            ref var member = ref members[i];
            if (walk != 0 && !member.Subscriber.TryVisit(walk))
                continue;
            if (member.HasRoom(units) && member.Writer.TryWrite(frame))
            {
                sent++;
                if (hasHeartbeats)
                    member.Subscriber.LastWrite = now;
                if (member.HasCopy)
                    member.Subscriber.Signal(ref result.Ready);
                continue;
            }

            // The slow way counts the bytes itself, after all checks. Undo the count of the channel.
            var subscriber = member.Subscriber;
            if (subscriber.MembershipCount == 1)
                subscriber.Uncount(frame.Length);
            if (BeginSend_NeedsLock(subscriber, context))
            {
                var key = context.Keys?.For(subscriber) ?? default;
                EndSend_NeedsLock(subscriber, subscriber.Write(frame, key, ref result.Ready), ref result);
            }

            members = channel.Members;
            // If this member has left, the last member has taken its place, and is next.
            if (i < members.Length && members[i].Subscriber != subscriber)
                i--;
        }

        result.Sent += sent;
    }

    /// <summary>Notes the time of a write. Returns false if the client already has the event.</summary>
    private bool BeginSend_NeedsLock(Subscriber<TProperties> subscriber, in SendContext context)
    {
        AssertLocked();
        if (context.Position is { } place && _ahead.TrySkipEvent(subscriber, place))
            return false;
        subscriber.LastWrite = context.Now;
        return true;
    }

    /// <summary>Counts a written frame, or ends the subscriber. Returns whether the queue took the frame.</summary>
    private bool EndSend_NeedsLock(
        Subscriber<TProperties> subscriber, QueueWriteResult written, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        if (written == QueueWriteResult.Overflowed)
        {
            End_NeedsLock(subscriber, SubscriptionEndReason.Overflowed, ref result);
            return false;
        }

        SetUnitLimit_NeedsLock(subscriber);
        if (written == QueueWriteResult.Added)
            result.Sent++;
        return written == QueueWriteResult.Added;
    }
}

/// <summary>The values that a send needs besides the event and its channels.</summary>
/// <param name="Now">The time; 0 if nothing needs it.</param>
/// <param name="Position">The position that a backplane gives; null for none.</param>
/// <param name="Keys">The conflation keys of a shared event; null if no subscriber conflates.</param>
internal readonly record struct SendContext(long Now, EventPosition? Position, EventKeys? Keys = null);
