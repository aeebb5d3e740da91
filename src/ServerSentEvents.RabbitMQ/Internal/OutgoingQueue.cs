namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What has yet to be sent: first what is to be sent again, then markers, then events, as many of those that wait to one
/// message as it holds. Guarded by the lock of the <see cref="Outbox"/>.
/// </summary>
internal sealed class OutgoingQueue
{
    /// <summary>An event that is larger has a message of its own.</summary>
    internal const int LargestMessage = 64 << 10;

    private readonly Queue<OutgoingMessage> _again = new();
    private readonly Queue<OutgoingItem> _markers = new();
    private readonly Queue<OutgoingItem> _events = new();
    private readonly List<OutgoingItem> _gathered = [];

    /// <summary>Everything that has never been sent.</summary>
    internal IEnumerable<OutgoingItem> Unsent => _markers.Concat(_events);

    internal void Add(OutgoingItem item) => (item.MarkerEpoch is null ? _events : _markers).Enqueue(item);

    /// <summary>
    /// A connection is lost. What it was given and did not confirm, and after that what it did not come to send again, is
    /// to be sent again in this order, unless the stream needs nothing more of it.
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
            else if (!message.IsSettled)
            {
                message.IsToBeSentAgain = true;
                _again.Enqueue(message);
            }
        }
    }

    /// <summary>The next message to be sent again; null for none.</summary>
    internal OutgoingMessage? TakeAgain()
    {
        while (_again.TryDequeue(out var message))
        {
            if (!message.IsSettled)
                return message;
        }

        return null;
    }

    /// <summary>What the next new message is to bring; nothing where nothing waits.</summary>
    internal OutgoingItem[] TakeNew(bool eventsToo)
    {
        while (_markers.TryDequeue(out var marker))
        {
            if (!marker.IsSettled)
                return [marker];
        }

        if (!eventsToo)
            return [];
        _gathered.Clear();
        for (var length = MessageFormat.HeaderLength; _events.TryPeek(out var next); _events.Dequeue())
        {
            if (next.IsSettled)
                continue;
            length += MessageFormat.LengthOf(next.Encoded);
            if (_gathered.Count == MessageFormat.MaxEvents || (_gathered.Count > 0 && length > LargestMessage))
                break;
            _gathered.Add(next);
        }

        return [.. _gathered];
    }

    /// <summary>The oldest event, if it was handed in by then, or nobody waits for it; it is out of the queue.</summary>
    internal bool TryTakeLate(long addedBy, out OutgoingItem item) =>
        _events.TryPeek(out item!) && (item.IsSettled || item.AddedAt <= addedBy) && _events.TryDequeue(out item!);
}
