using System.Security.Cryptography;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What this node has to bring to the stream, in order. The callers hand in, the writing loop takes and hears confirmations,
/// the reading loop says what has come back.
/// </summary>
/// <remarks>
/// <para>So many messages, and no more, are on their way unconfirmed; while they are, what is handed in gathers for the next
/// one. So on a quiet node each event goes out at once, and on a busy one the broker confirms many with one message: what an
/// event costs goes down as their number goes up, and nothing ever waits for a timer.</para>
/// <para>Safe for use by several threads. No task's continuation runs under the lock.</para>
/// </remarks>
internal sealed partial class Outbox : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly OutgoingQueue _queue = new();

    /// <inheritdoc cref="_queue"/>
    private readonly InFlight _inFlight = new();

    /// <inheritdoc cref="_queue"/>
    private readonly ReadingWatch _reading;

    /// <summary>What has been sent and has not come back, by its sequence. Guarded by <see cref="_gate"/>.</summary>
    private readonly Dictionary<ulong, OutgoingMessage> _unread = [];

    /// <summary>Whether something waits for confirmations, rather than for a caller. Guarded by <see cref="_gate"/>.</summary>
    private bool _isFull;

    /// <summary>The sequence of the last message that was sent. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sequence;

    /// <summary>
    /// The epoch in which events are sent; 0 while none are, since nobody would read them back. Guarded by <see cref="_gate"/>.
    /// </summary>
    private ulong _epoch;

    /// <summary>Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _disposed;

    /// <summary>The number of this node in its messages.</summary>
    internal ulong Node { get; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Is set when there may be something to take, or <see cref="IsStuck"/> has changed.</summary>
    internal Signal MayTake { get; } = new();

    /// <summary>
    /// Hands in an item. Events are sent in the order of these calls; a marker goes before all events that have yet to be
    /// sent.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The backplane has been disposed of.</exception>
    internal void Add(OutgoingItem item)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(RabbitMQBackplane<>));
            _queue.Add(item);
        }

        MayTake.Set();
    }

    /// <summary>The id of the message that brings an item; that of no message at all before it has been sent.</summary>
    internal MessageId IdOf(OutgoingItem item)
    {
        lock (_gate)
            return new MessageId(Node, item.Message?.Sequence ?? 0);
    }

    /// <summary>From here on events are sent, with that epoch.</summary>
    internal void SendEventsIn(ulong epoch)
    {
        lock (_gate)
            (_epoch, _heldBecause) = (Math.Max(_epoch, epoch), null);
        MayTake.Set();
    }

    /// <summary>Until further notice no event is sent.</summary>
    internal void HoldEvents(string reason)
    {
        lock (_gate)
            (_epoch, _heldBecause) = (0, reason);
    }

    /// <summary>A new connection begins: what the last one did not confirm is to be sent again, each under its number.</summary>
    internal void BeginConnection()
    {
        lock (_gate)
        {
            _isStuck = false;
            _queue.SendAgain(_inFlight.BeginAnew());
        }
    }

    /// <summary>The next message to send, stamped, if there is one and not too many are on their way.</summary>
    internal bool TryTake(out ReadOnlyMemory<byte> body)
    {
        lock (_gate)
        {
            body = default;
            if ((_queue.TakeAgain() ?? NewMessage_NeedsLock()) is not { } message)
                return false;
            var epoch = message.Items[0].MarkerEpoch ?? _epoch;
            MessageFormat.Stamp(
                message.Body, new MessageId(Node, message.Sequence), epoch, _time.GetMicroseconds(), message.IsToBeSentAgain);
            (message.SentAt, message.IsToBeSentAgain) = (_time.GetTimestamp(), false);
            _inFlight.Add(message);
            body = message.Body;
            return true;
        }
    }

    /// <summary>
    /// The broker has confirmed the message of that number, with <paramref name="all"/> those before it too. Returns how many
    /// events those brought.
    /// </summary>
    internal int Confirm(ulong number, bool all)
    {
        int events;
        bool wasFull;
        lock (_gate)
        {
            events = _inFlight.Confirm(number, all);
            wasFull = _isFull;
            _isFull = false;
        }

        if (wasFull)
            MayTake.Set();
        return events;
    }

    /// <summary>A message of this node's has come back, in the epoch of that name.</summary>
    internal void SetRead(ulong sequence, string epoch, long offset)
    {
        lock (_gate)
        {
            if (!_unread.Remove(sequence, out var message))
                return;
            message.SetRead(epoch, offset);
            // Nobody else would look at it any more, should the connection never come to send it.
            if (message.IsToBeSentAgain)
                message.SetConfirmed();
        }
    }

    private OutgoingMessage? NewMessage_NeedsLock()
    {
        // What a reader can tell from a message that it has had, also when one is sent again.
        var oldest = _inFlight.Oldest?.Sequence ?? (_sequence + 1);
        _isFull = _sequence + 1 - oldest >= SeenMessages.Window;
        if (_isFull || _queue.TakeNew(eventsToo: _epoch != 0) is not { Length: > 0 } items)
            return null;
        var message = new OutgoingMessage(++_sequence, items);
        _unread.Add(message.Sequence, message);
        return message;
    }
}
