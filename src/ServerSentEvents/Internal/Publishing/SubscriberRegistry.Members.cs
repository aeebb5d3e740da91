using ServerSentEvents.Internal.Channels;

namespace ServerSentEvents.Internal.Publishing;

/// <content>Methods that list subscribers, and that change the channels they are in.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Returns the subscriptions of the channels, each once.</summary>
    internal List<Subscription<TProperties>> GetSubscriptions(in ChannelNames channels)
    {
        var found = new List<Subscription<TProperties>>();
        lock (_gate)
        {
            foreach (var member in _index.Visit(channels))
            {
                if (!member.Subscriber.Subscription.IsResuming)
                    found.Add(member.Subscriber.Subscription);
            }
        }

        // The walk goes from the end. Reverse the list to get the order of the original library: by channel, and then by join.
        found.Reverse();
        return found;
    }

    /// <summary>Returns the subscriptions of all channels, each once.</summary>
    /// <param name="withResuming">True to include those whose missed personalized events are being made.</param>
    internal List<Subscription<TProperties>> GetAllSubscriptions(bool withResuming = false)
    {
        var found = new List<Subscription<TProperties>>();
        var walk = new SubscriberWalk();
        var budget = int.MaxValue;
        lock (_gate)
            _index.VisitNext(ref walk, ref budget, Add);
        return found;

        void Add(Subscriber<TProperties> subscriber)
        {
            if (withResuming || !subscriber.Subscription.IsResuming)
                found.Add(subscriber.Subscription);
        }
    }

    /// <summary>Returns the names of the channels that have a subscriber.</summary>
    internal List<string> GetChannels()
    {
        lock (_gate)
            return [.. _index.Channels.Where(HasListed_NeedsLock).Select(channel => channel.Name)];
    }

    /// <summary>Returns the names of a subscriber's channels. After the end, they are the last ones.</summary>
    internal string[] ChannelsOf(Subscriber<TProperties> subscriber)
    {
        lock (_gate)
            return subscriber.End is { } end ? [.. end.Channels] : subscriber.GetChannelNames();
    }

    /// <summary>Adds a subscriber to channels. Returns false if nothing changed.</summary>
    internal bool Join(Subscriber<TProperties> subscriber, in ChannelNames channels)
    {
        lock (_gate)
        {
            if (subscriber.End is not null || !_index.Join(subscriber, channels))
                return false;
            SetUnitLimit_NeedsLock(subscriber);
            return true;
        }
    }

    /// <summary>Removes a subscriber from channels, and ends it if it is left in none.</summary>
    internal RegistryResult<TProperties> Leave(
        Subscriber<TProperties> subscriber, in ChannelNames channels, out bool hasChanged)
    {
        RegistryResult<TProperties> result = default;
        lock (_gate)
        {
            _index.Mark(channels);
            hasChanged = LeaveMarked_NeedsLock(subscriber, ref result);
        }

        return result;
    }

    /// <summary>Removes subscribers from channels, and ends those that are left in none.</summary>
    internal RegistryResult<TProperties> Remove(
        List<Subscription<TProperties>> subscriptions, in ChannelNames channels, out int removed)
    {
        RegistryResult<TProperties> result = default;
        removed = 0;
        lock (_gate)
        {
            _index.Mark(channels);
            foreach (var subscription in subscriptions)
            {
                if (subscription.Subscriber is { } subscriber && LeaveMarked_NeedsLock(subscriber, ref result))
                    removed++;
            }
        }

        return result;
    }

    /// <summary>Ends subscribers at once, in one step. The caller drops their queues.</summary>
    internal RegistryResult<TProperties> Disconnect(List<Subscriber<TProperties>> subscribers, out int ended)
    {
        RegistryResult<TProperties> result = default;
        ended = 0;
        lock (_gate)
        {
            foreach (var subscriber in subscribers)
            {
                if (subscriber.End is null)
                    ended++;
                EndNow_NeedsLock(subscriber, SubscriptionEndReason.Unsubscribed, ref result);
            }
        }

        return result;
    }

    /// <summary>Removes a subscriber from the channels that were marked last. Returns false if nothing changed.</summary>
    private bool LeaveMarked_NeedsLock(Subscriber<TProperties> subscriber, ref RegistryResult<TProperties> result)
    {
        AssertLocked();
        var unmarked = _index.CountUnmarked(subscriber);
        // A subscriber that has ended is in no channel.
        if (unmarked == subscriber.MembershipCount)
            return false;
        if (unmarked > 0)
        {
            _index.LeaveMarked(subscriber, unmarked);
            SetUnitLimit_NeedsLock(subscriber);
        }
        else
        {
            End_NeedsLock(subscriber, SubscriptionEndReason.Unsubscribed, ref result);
        }

        return true;
    }

    /// <summary>Returns whether a channel has a subscriber that is listed.</summary>
    private bool HasListed_NeedsLock(ChannelMembers<TProperties> channel)
    {
        AssertLocked();
        foreach (ref var member in channel.Members)
        {
            if (!member.Subscriber.Subscription.IsResuming)
                return true;
        }

        return false;
    }
}
