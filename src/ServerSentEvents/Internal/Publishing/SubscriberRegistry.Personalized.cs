using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that send personalized events.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Lists the subscribers of the channels for a personalized event.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal PersonalizedEvent<TProperties> Personalize(FrameMaker<TProperties> make, in ChannelNames channels)
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
    /// Sends the made frames to the subscribers that are still in one of the channels. This is one step, so that the event
    /// has one place in the order. Subscribers that joined later get a place for a frame that the caller still has to make.
    /// </summary>
    internal RegistryResult<TProperties> Send(
        PersonalizedEvent<TProperties> personalized, in ChannelNames channels, in SendContext context)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            if (IsDisposed_NeedsLock)
                return result;
            if (_history is not null)
            {
                var hasPosition = _history.Add(personalized.HistoryEntry!, channels, context.Now, context.Position);
                personalized.PlaceAt(_history.Ids, hasPosition ? _history.Position : null);
                if (hasPosition)
                    _history.AddAmbiguous(personalized.DifferentIds, channels);
            }

            // Mark the current subscribers: one that has left the channels since Personalize gets nothing.
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

    /// <summary>Completes the frame of a subscriber that joined while a personalized event was being made.</summary>
    internal void Complete(
        Subscriber<TProperties> subscriber,
        DeferredFrame place,
        Frame? frame,
        HistoryEntry<TProperties> entry,
        ref RegistryResult<TProperties> result)
    {
        lock (_gate)
        {
            if (frame is not null && entry.HasOtherId(frame))
                _history?.AddLateId(entry, frame.OwnId!);
            var written = subscriber.CompleteDeferred(place, frame, ref result.Ready);
            if (written != QueueWriteResult.Overflowed || subscriber.End is null)
                EndSend_NeedsLock(subscriber, written, ref result);
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
            (result.Deferred ??= []).Add((member.Subscriber, place));
        }
    }
}
