namespace ServerSentEvents.Tests.Model;

/// <summary>A subscriber as the model sees it.</summary>
internal sealed class ModelSubscriber(int number, Subscribe how)
{
    private bool _canceled;

    internal int Number { get; } = number;

    internal List<string> Channels { get; } = [.. how.Channels.Distinct()];

    internal ResumeResult Resume { get; set; }

    /// <summary>What comes before all else, and does not count.</summary>
    internal List<ModelItem> Seed { get; } = [];

    internal List<ModelItem> Queue { get; } = [];

    internal int QueuedEvents => Seed.Count + Queue.Count;

    /// <summary>The ids that it has read.</summary>
    internal List<string> Had { get; } = [];

    internal long Dropped { get; private set; }

    internal SubscriptionEndReason? EndReason { get; private set; }

    /// <summary>Whether there was, or was made, room for it.</summary>
    internal bool Take(ModelItem item)
    {
        if (Queue.Count == how.Capacity)
        {
            if (how.Overflow == QueueOverflow.Disconnect)
                End(SubscriptionEndReason.Overflowed);
            else
                Dropped++;
            if (how.Overflow != QueueOverflow.DropOldest)
                return false;
            Queue.RemoveAt(0);
        }

        Queue.Add(item);
        return true;
    }

    internal string Read(int count)
    {
        var read = Seed.Concat(Queue).Take(count).ToList();
        Queue.RemoveRange(0, Math.Max(0, read.Count - Seed.Count));
        Seed.RemoveRange(0, Math.Min(read.Count, Seed.Count));
        Had.AddRange(read.Select(item => item.Id).OfType<string>());
        return Answers.Read(read.Select(item => (item.Text, item.Id)), read.Count == count || EndReason is null ? null : _canceled);
    }

    internal void Leave(Way way)
    {
        if (way == Way.Close)
        {
            End(SubscriptionEndReason.Closed);
            return;
        }

        // A stream that has come to its end cannot be canceled any more.
        if (way == Way.Cancel && EndReason is not null && QueuedEvents == 0)
            return;
        _canceled |= way == Way.Cancel;
        End(_canceled ? SubscriptionEndReason.Canceled : SubscriptionEndReason.Unsubscribed);
        Seed.Clear();
        Queue.Clear();
    }

    /// <summary>The first reason stays.</summary>
    internal void End(SubscriptionEndReason reason) => EndReason ??= reason;
}
