namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What has yet to be sent: first messages that are to be sent again, then markers, then events, as many of those that wait
/// to one message as it holds. Guarded by the lock of the <see cref="Outbox"/>.
/// </summary>
internal sealed class OutgoingQueue
{
    /// <summary>An event that is larger has a message of its own.</summary>
    internal const int LargestMessage = 64 << 10;

    /// <summary>So many withdrawn events may stand among others.</summary>
    private const int FewWithdrawn = 64;

    private readonly Queue<OutgoingMessage> _again = new();
    private readonly Queue<OutgoingItem> _markers = new();
    private readonly List<OutgoingItem> _gathered = [];

    /// <summary>What was in a message that counts no more; before all other events.</summary>
    private readonly Queue<OutgoingItem> _anew = new();

    private Queue<OutgoingItem> _events = new();

    /// <summary>How many of the events nobody waits for any more, at the most.</summary>
    private int _withdrawn;

    /// <summary>Everything that no message brings yet.</summary>
    internal IEnumerable<OutgoingItem> Unsent => _markers.Concat(_anew).Concat(_events);

    private Queue<OutgoingItem> Events => _anew.Count > 0 ? _anew : _events;

    internal void Add(OutgoingItem item) => (item.MarkerEpoch is null ? _events : _markers).Enqueue(item);

    /// <summary>
    /// A connection is lost. What it was given and did not confirm, and after that what it did not come to send again, is to
    /// be sent again in this order, unless the stream needs nothing more of it. A marker does no harm if it comes twice: it is
    /// sent anew, so that the first message of a node that others meet is never one that they cannot be sure of.
    /// </summary>
    internal void SendAgain(List<OutgoingMessage> unconfirmed)
    {
        OutgoingMessage[] all = [.. unconfirmed, .. _again];
        _again.Clear();
        foreach (var message in all)
        {
            // The stream has what has been read from it: that is as good as a confirmation.
            if (message.IsRead)
                message.SetConfirmed();
            else if (message.IsMarker)
                _markers.Enqueue(message.TakeItems()[0]);
            else if (!message.IsSettled)
            {
                message.IsToBeSentAgain = true;
                _again.Enqueue(message);
            }
        }
    }

    /// <summary>These are to be sent as if they never had been, before those that have yet to be.</summary>
    internal void SendAnew(OutgoingItem[] items)
    {
        foreach (var item in items)
            (item.MarkerEpoch is null ? _anew : _markers).Enqueue(item);
    }

    /// <summary>Nobody waits any more for an event that stands here: what is of no use is not kept for long.</summary>
    internal void Withdraw()
    {
        if (++_withdrawn <= Math.Max(FewWithdrawn, _events.Count / 2))
            return;
        _events = new Queue<OutgoingItem>(_events.Where(item => !item.IsSettled));
        _withdrawn = 0;
    }

    /// <summary>The next message to be sent again; null for none.</summary>
    internal OutgoingMessage? TakeAgain()
    {
        while (_again.TryDequeue(out var message))
        {
            if (!message.IsRead && !message.IsSettled)
                return message;
        }

        return null;
    }

    /// <summary>The next marker; null for none.</summary>
    internal OutgoingItem? TakeMarker()
    {
        while (_markers.TryDequeue(out var marker))
        {
            if (!marker.IsSettled)
                return marker;
        }

        return null;
    }

    /// <summary>What the next new message is to bring; nothing where nothing waits.</summary>
    internal OutgoingItem[] TakeEvents()
    {
        for (var length = MessageFormat.HeaderLength; Events.TryPeek(out var next); Events.Dequeue())
        {
            if (next.IsSettled)
                continue;
            length += MessageFormat.LengthOf(next.Encoded!);
            if (_gathered.Count == MessageFormat.MaxEvents || (_gathered.Count > 0 && length > LargestMessage))
                break;
            _gathered.Add(next);
        }

        OutgoingItem[] events = [.. _gathered];
        _gathered.Clear();
        return events;
    }

    /// <summary>The oldest event, if it was handed in by then, or nobody waits for it; it is out of the queue.</summary>
    internal bool TryTakeLate(long addedBy, out OutgoingItem item) =>
        Events.TryPeek(out item!) && (item.IsSettled || item.AddedAt <= addedBy) && Events.TryDequeue(out item!);
}
