using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods for sources, which wait for subscribers that read.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>The number of times that subscribers have joined channels.</summary>
    internal long Joins => _index.Joins;

    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal void BeginSource()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed_NeedsLock, _owner);
            _sources++;
        }
    }

    internal void EndSource()
    {
        lock (_gate)
            _sources--;
    }

    /// <summary>Returns the budget of a source for the channels, and adds the readers that it has to wait for.</summary>
    /// <param name="channels">The channels.</param>
    /// <param name="length">The length of the next event.</param>
    /// <param name="slow">The slow readers of the source.</param>
    /// <param name="joins">The value of <see cref="Joins"/> at this time.</param>
    internal RoomBudget FindRoom(in ChannelNames channels, int length, SlowReaders<TProperties> slow, out long joins)
    {
        var budget = RoomBudget.Largest;
        lock (_gate)
        {
            foreach (var member in _index.Visit(channels))
            {
                var room = member.Subscriber.FindRoom(length, ref budget);
                if (room != QueueRoom.Ample)
                    slow.Add(member.Subscriber, room);
            }

            joins = _index.Joins;
            budget.DivideBy(_sources);
        }

        return budget;
    }
}
