using System.Threading.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>What is sent to those who are there.</summary>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Sends one frame to all subscribers of the channels.</summary>
    /// <param name="frame">What is sent; an event goes into the history.</param>
    /// <param name="channels">Whom it is sent to.</param>
    /// <param name="now">The time, where anything needs it.</param>
    /// <param name="position">The place that a backplane gives it; null for none.</param>
    /// <param name="outcome">Is told what became of it.</param>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    internal void Send(Frame frame, in ChannelNames channels, long now, long? position, ref SendResult<TProperties> outcome)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            if (history is not null && frame.IsEvent)
            {
                var entry = new HistoryEntry<TProperties>(frame);
                if (history.Add(entry, channels, _roll, now, position) is not null)
                    entry.PlaceShared(history.Epoch);
            }

            foreach (var entry in _roll.Walk(channels))
                Send_NeedsLock(entry.Subscriber, entry.Writer, frame, now, position, ref outcome);
        }
    }

    /// <summary>Those who are in the channels now, each once, to be sent an event of their own each.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    internal PersonalizedEvent<TProperties> Personalize(Func<TProperties, Frame?> make, in ChannelNames channels)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            return new PersonalizedEvent<TProperties>(make, Snapshot_NeedsLock(channels), _roll.Joined);
        }
    }

    /// <summary>
    /// Sends each subscriber its own frame, where it still is in one of the channels. All of it is one step, so that it has
    /// one place in the order of events; for those who came while it was being made, it leaves the making to the caller.
    /// </summary>
    internal void Send(
        PersonalizedEvent<TProperties> personalized,
        in ChannelNames channels,
        long now,
        long? position,
        ref SendResult<TProperties> outcome)
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            if (history?.Add(personalized.ToHistoryEntry(), channels, _roll, now, position) is { } place)
                personalized.PlaceAt(history.Epoch, place);

            var there = _roll.NewWalk();
            foreach (var _ in _roll.Walk(channels, there))
            {
            }

            foreach (var (subscription, frame) in personalized.Frames)
            {
                if (frame is not null && subscription.WasMet(there))
                    Send_NeedsLock(subscription, subscription.Queue.Writer, frame, now, position, ref outcome);
            }

            if (personalized.Joined != _roll.Joined)
                SendToLatecomers_NeedsLock(personalized, channels, now, position, ref outcome);
        }
    }

    /// <summary>Takes an event into the history alone, for those who will ask for it.</summary>
    internal void Remember(HistoryEntry<TProperties> entry, in ChannelNames channels, long now, long position)
    {
        lock (_gate)
        {
            if (history?.Add(entry, channels, _roll, now, position) is not null)
                entry.PlaceShared(history.Epoch);
        }
    }

    /// <summary>Sends a comment to those to whom nothing has been sent since a time, and who have read all that was.</summary>
    internal void SendHeartbeats(long since, long now)
    {
        SendResult<TProperties> outcome = default;
        lock (_gate)
        {
            foreach (var channel in _roll.Channels())
            {
                for (var place = 0; place < channel.Count; place++)
                {
                    // One that has just been sent something, in another of its channels too, is not idle.
                    var (subscription, writer, _) = channel[place];
                    if (subscription.LastActivity <= since && subscription.Queue.Count == 0)
                        Send_NeedsLock(subscription, writer, Frame.Heartbeat, now, position: null, ref outcome);
                }
            }
        }
    }

    private void SendToLatecomers_NeedsLock(
        PersonalizedEvent<TProperties> personalized,
        in ChannelNames channels,
        long now,
        long? position,
        ref SendResult<TProperties> outcome)
    {
        AssertLocked();
        var walk = _roll.NewWalk();
        foreach (var (subscription, _) in personalized.Frames)
            subscription.MeetOnce(walk);
        foreach (var (subscription, writer, _) in _roll.Walk(channels, walk))
        {
            var late = personalized.ForLatecomer(subscription.Properties);
            if (Send_NeedsLock(subscription, writer, late, now, position, ref outcome))
                outcome.AddLate(late);
        }
    }

    private bool Send_NeedsLock(
        Subscription<TProperties> subscription,
        ChannelWriter<Frame> writer,
        Frame frame,
        long now,
        long? position,
        ref SendResult<TProperties> outcome)
    {
        AssertLocked();
        if (position is { } place && place <= subscription.HasHad)
            return false;
        if (now != 0)
            subscription.LastActivity = now;
        if (writer.TryWrite(frame))
        {
            outcome.Sent++;
            return true;
        }

        if (!subscription.Queue.TryDrop())
            End_NeedsLock(subscription, SubscriptionEndReason.Overflowed, ref outcome.Ended);
        return false;
    }
}
