namespace ServerSentEvents.Tests.Model;

/// <summary>A subscriber in the model.</summary>
internal sealed class ModelSubscriber(int number, Subscribe operation)
{
    private bool _canceled;

    internal int Number { get; } = number;

    internal List<string> Channels { get; } = [.. operation.Channels.Distinct()];

    internal ResumeResult Resume { get; set; }

    /// <summary>The initial data, or the replayed events. They come first and do not count against the capacity.</summary>
    internal List<ModelItem> InitialItems { get; } = [];

    internal List<ModelItem> Queue { get; } = [];

    internal int QueuedEvents => InitialItems.TakeWhile(item => !item.IsLost()).Count(item => !item.IsNothing) + Queue.Count;

    /// <summary>The ids that the subscriber has read.</summary>
    internal List<string> ReadIds { get; } = [];

    internal long Dropped { get; private set; }

    internal SubscriptionEndReason? EndReason { get; private set; }

    /// <summary>Adds an item to the queue. Returns false if the queue is full and the item is not added.</summary>
    internal bool TryEnqueue(ModelItem item)
    {
        if (Queue.Count == operation.Capacity)
        {
            if (operation.Overflow == QueueOverflow.Disconnect)
                End(SubscriptionEndReason.Overflowed);
            else
                Dropped++;
            if (operation.Overflow != QueueOverflow.DropOldest)
                return false;
            Queue.RemoveAt(0);
        }

        Queue.Add(item);
        return true;
    }

    internal string Read(int count)
    {
        var read = new List<ModelItem>();
        while (read.Count < count)
        {
            if (QueuedEvents == 0)
                return Text(read, EndReason is null ? null : _canceled);
            if (InitialItems.FirstOrDefault() is { } first && first.IsLost())
            {
                End(SubscriptionEndReason.Overflowed);
                InitialItems.Clear();
                Queue.Clear();
                return Text(read, end: false);
            }

            var source = InitialItems.Count > 0 ? InitialItems : Queue;
            var item = source[0];
            source.RemoveAt(0);
            if (item.IsNothing)
                continue;
            read.Add(item);
            if (item.Id is { } id)
                ReadIds.Add(id);
        }

        return Text(read, end: null);
    }

    private static string Text(List<ModelItem> read, bool? end) => Results.Read(read.Select(item => (item.Text, item.Id)), end);

    internal void Leave(Way way)
    {
        if (way == Way.Close)
        {
            End(SubscriptionEndReason.Closed);
            return;
        }

        // A cancellation has no effect after the end of the stream.
        if (way == Way.Cancel && EndReason is not null && QueuedEvents == 0)
            return;
        _canceled |= way == Way.Cancel;
        End(_canceled ? SubscriptionEndReason.Canceled : SubscriptionEndReason.Unsubscribed);
        InitialItems.Clear();
        Queue.Clear();
    }

    /// <summary>Joins channels. Returns false if nothing changed.</summary>
    internal bool JoinChannels(string[] channels)
    {
        var added = channels.Except(Channels).ToList();
        if (EndReason is not null || added.Count == 0)
            return false;
        Channels.AddRange(added);
        return true;
    }

    /// <summary>Leaves channels, and ends if none is left. Returns false if nothing changed.</summary>
    internal bool LeaveChannels(string[] channels)
    {
        if (EndReason is not null || !Channels.Intersect(channels).Any())
            return false;
        if (Channels.All(channels.Contains))
            End(SubscriptionEndReason.Unsubscribed);
        else
            Channels.RemoveAll(channels.Contains);
        return true;
    }

    /// <summary>Ends the subscription. The first reason is kept.</summary>
    internal void End(SubscriptionEndReason reason) => EndReason ??= reason;
}
