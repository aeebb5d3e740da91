namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What a connection was given and has not confirmed, by its number there, which begins with 1 for each connection. Guarded
/// by the lock of the <see cref="Outbox"/>.
/// </summary>
internal sealed class InFlight
{
    private readonly Dictionary<ulong, OutgoingMessage> _messages = [];

    /// <summary>The number of the last message that this connection was given.</summary>
    private ulong _number;

    /// <summary>No message before this number is in flight.</summary>
    private ulong _confirmedBefore = 1;

    /// <summary>In no order.</summary>
    internal IEnumerable<OutgoingMessage> Messages => _messages.Values;

    /// <summary>The one that was given first; null for none.</summary>
    internal OutgoingMessage? Oldest => _messages.GetValueOrDefault(_confirmedBefore);

    internal void Add(OutgoingMessage message) => _messages.Add(++_number, message);

    /// <summary>That number is confirmed, with <paramref name="all"/> those before it too. Returns how many events those were.</summary>
    internal int Confirm(ulong number, bool all)
    {
        var events = 0;
        for (var each = all ? _confirmedBefore : number; each <= number; each++)
        {
            if (!_messages.Remove(each, out var message))
                continue;
            message.SetConfirmed();
            events += message.IsMarker ? 0 : message.Items.Length;
        }

        while (_confirmedBefore <= _number && !_messages.ContainsKey(_confirmedBefore))
            _confirmedBefore++;
        return events;
    }

    /// <summary>The connection is lost, and another begins: returns what was in flight, in the order in which it was given.</summary>
    internal List<OutgoingMessage> BeginAnew()
    {
        var messages = _messages.OrderBy(sent => sent.Key).Select(sent => sent.Value).ToList();
        _messages.Clear();
        (_number, _confirmedBefore) = (0, 1);
        return messages;
    }
}
