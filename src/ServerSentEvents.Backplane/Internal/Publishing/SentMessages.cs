namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>The unconfirmed messages of one connection, by their number there: 1, 2, and so on.</summary>
/// <remarks>Guarded by the lock of the outbox.</remarks>
internal sealed class SentMessages
{
    private readonly Dictionary<long, OutgoingMessage> _messages = [];

    /// <summary>The number of the last message.</summary>
    private long _last;

    /// <summary>The number of the oldest unconfirmed message; that of the next message if there is none.</summary>
    private long _oldest = 1;

    internal int Count => _messages.Count;

    internal IEnumerable<OutgoingMessage> All => _messages.Values;

    /// <summary>The oldest unconfirmed message; null for none.</summary>
    internal OutgoingMessage? Oldest => _messages.GetValueOrDefault(_oldest);

    internal void Add(OutgoingMessage message) => _messages.Add(++_last, message);

    /// <summary>Removes and returns a confirmed message, and with <paramref name="all"/> all messages before it.</summary>
    /// <returns>The messages, which are removed while the caller enumerates them to the end.</returns>
    internal IEnumerable<OutgoingMessage> Confirm(long number, bool all)
    {
        for (var each = all ? _oldest : number; each <= number; each++)
        {
            if (_messages.Remove(each, out var message))
                yield return message;
        }

        while (_oldest <= _last && !_messages.ContainsKey(_oldest))
            _oldest++;
    }

    /// <summary>Removes and returns all messages in order. The next connection counts from 1 again.</summary>
    internal OutgoingMessage[] TakeAll()
    {
        OutgoingMessage[] messages = [.. _messages.OrderBy(sent => sent.Key).Select(sent => sent.Value)];
        _messages.Clear();
        (_last, _oldest) = (0, 1);
        return messages;
    }
}
