using System.Security.Cryptography;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What this node has to bring to the stream, in order. The callers hand in, the writing loop takes and hears confirmations,
/// the reading loop says what has come back.
/// </summary>
/// <remarks>
/// <para><see cref="SeenMessages.Window"/> messages, and no more, are on their way unconfirmed; while they are, what is handed in
/// gathers for the next one. So on a quiet node each event goes out at once, and on a busy one many share what a message
/// costs: that goes down for each as their number goes up, and nothing ever waits for a timer.</para>
/// <para>Safe for use by several threads. No task's continuation runs under the lock.</para>
/// </remarks>
internal sealed partial class Outbox : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly OutgoingQueue _queue = new();

    /// <inheritdoc cref="_queue"/>
    private readonly InFlight _inFlight = new();

    /// <inheritdoc cref="_queue"/>
    private readonly ReadingWatch _reading;

    /// <summary>What has been sent and has not come back, by its sequence. Guarded by <see cref="_gate"/>.</summary>
    private readonly Dictionary<ulong, OutgoingMessage> _unread = [];

    /// <summary>Whether as many are on their way as may be. Guarded by <see cref="_gate"/>.</summary>
    private bool _isFull;

    /// <summary>The sequence of the last message that was sent. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sequence;

    /// <summary>
    /// The epoch in which events are sent; 0 while none are, since nobody would read them back. Guarded by <see cref="_gate"/>.
    /// </summary>
    private ulong _epoch;

    /// <summary>Set under <see cref="_gate"/>, and never unset.</summary>
    private volatile bool _isDisposed;

    internal Outbox(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
        _patience = timeout > ShortestPatience ? timeout : ShortestPatience;
        _reading = new ReadingWatch(time, _patience);
        // A period below a millisecond would be none at all.
        var interval = timeout / ChecksInTimeout is var part && part > Shortest ? part : Shortest;
        _timer = time.CreateTimer(static outbox => ((Outbox)outbox!).GiveUpLate(), this, interval, interval);
    }

    /// <summary>The number of this node in its messages.</summary>
    internal ulong Node { get; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    internal bool IsDisposed => _isDisposed;

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
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(RabbitMQBackplane<>));
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
            var unconfirmed = _inFlight.BeginAnew();
            foreach (var marker in unconfirmed.Where(message => message.IsMarker))
                _unread.Remove(marker.Sequence);
            _queue.SendAgain(unconfirmed);
        }
    }

    /// <summary>The next message to send, stamped, if there is one and not too many are on their way.</summary>
    internal bool TryTake(out ReadOnlyMemory<byte> body)
    {
        lock (_gate)
        {
            body = default;
            if (NextMessage_NeedsLock() is not { } message)
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

    /// <summary>
    /// A message of this node's has come back, in the epoch of that name, and is now delivered. Returns it, for the calls
    /// below; null where nobody waits for it.
    /// </summary>
    internal OutgoingMessage? BeginDelivery(ulong sequence, string epoch, long offset)
    {
        lock (_gate)
        {
            if (!_unread.TryGetValue(sequence, out var message))
                return null;
            message.SetRead(epoch, offset);
            // Nobody else would look at it any more, should the connection never come to send it.
            if (message.IsToBeSentAgain)
                message.SetConfirmed();
            return message;
        }
    }

    /// <summary>The next of its events is delivered.</summary>
    internal void SetDelivered(OutgoingMessage message)
    {
        lock (_gate)
            message.SetDelivered();
    }

    /// <summary>All of it is, or need not be.</summary>
    internal void EndDelivery(OutgoingMessage message)
    {
        lock (_gate)
        {
            while (!message.IsDelivered)
                message.SetDelivered();
            _unread.Remove(message.Sequence);
        }
    }

    /// <summary>
    /// A message of this node's has come back in a stream whose epoch was not known at that point, so that no node delivers
    /// it; or it is a marker that cannot come back any more. What it brought is to be sent anew.
    /// </summary>
    internal void SendAnew(ulong sequence)
    {
        lock (_gate)
        {
            if (_unread.Remove(sequence, out var message))
                _queue.SendAnew(message.TakeItems());
        }
    }

    /// <summary>Fails everything that waits, and everything to come.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var item in _queue.Unsent.Concat(_unread.Values.Concat(_inFlight.Messages).SelectMany(message => message.Items)))
                item.Fail(new ObjectDisposedException(typeof(RabbitMQBackplane<>).FullName));
        }
    }

    private OutgoingMessage? NextMessage_NeedsLock()
    {
        if (_queue.TakeAgain() is { } again)
            return again;
        // A reader could not tell more of them from those that it has had, should they be sent again.
        var oldest = _inFlight.Oldest?.Sequence ?? (_sequence + 1);
        _isFull = _sequence + 1 - oldest >= SeenMessages.Window;
        if (_isFull)
            return null;
        if (_queue.TakeMarker() is { } marker)
            return New_NeedsLock([marker]);
        return _epoch != 0 && _queue.TakeEvents() is { Length: > 0 } events ? New_NeedsLock(events) : null;
    }

    private OutgoingMessage New_NeedsLock(OutgoingItem[] items)
    {
        var message = new OutgoingMessage(++_sequence, items);
        _unread.Add(message.Sequence, message);
        return message;
    }
}
