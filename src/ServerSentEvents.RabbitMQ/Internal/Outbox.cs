using System.Security.Cryptography;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What this node has to bring to the stream, in order: markers before events, and each again under its number where its
/// confirmation was lost with a connection. The callers hand in, the writing loop takes and hears confirmations, the reading
/// loop says what has come back.
/// </summary>
/// <remarks>Safe for use by several threads. No task's continuation runs under the lock.</remarks>
internal sealed class Outbox : IDisposable
{
    private const int ChecksInTimeout = 10;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A reader is not made anew more often than that, however short the timeout.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(5);

    private const string Waiting = "the broker has too much to confirm, or this node has yet to read what was confirmed";

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    /// <summary>What has never been sent. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<OutgoingMessage> _markers = new();

    /// <inheritdoc cref="_markers"/>
    private readonly Queue<OutgoingMessage> _events = new();

    /// <summary>What is to be sent again, before all else. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<OutgoingMessage> _again = new();

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly InFlight _inFlight = new();

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly ReadingWatch _reading;

    /// <summary>What has been sent and has not come back, by its sequence. Guarded by <see cref="_gate"/>.</summary>
    private readonly Dictionary<ulong, OutgoingMessage> _unread = [];

    /// <summary>Whether something waits for confirmations, rather than for a caller. Guarded by <see cref="_gate"/>.</summary>
    private bool _isFull;

    /// <summary>Whether this connection has left an event unconfirmed for too long. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStuck;

    /// <summary>The sequence of the last message that was sent. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sequence;

    /// <summary>
    /// The epoch in which events are sent; 0 while none are, since nobody would read them back. Guarded by <see cref="_gate"/>.
    /// </summary>
    private ulong _epoch;

    /// <summary>Why nothing can be sent; null while it can. Guarded by <see cref="_gate"/>.</summary>
    private string? _obstacle = "the broker has not been reached yet";

    /// <summary>Since when there has been no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _unhinderedSince;

    /// <summary>Why events are not sent, though they could be; null where they are. Guarded by <see cref="_gate"/>.</summary>
    private string? _heldBecause;

    /// <summary>Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _disposed;

    internal Outbox(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
        _reading = new ReadingWatch(time, timeout > ShortestPatience ? timeout : ShortestPatience);
        // A period below a millisecond would be none at all.
        var interval = timeout / ChecksInTimeout is var part && part > Shortest ? part : Shortest;
        _timer = time.CreateTimer(static outbox => ((Outbox)outbox!).GiveUpLate(), this, interval, interval);
    }

    /// <summary>The number of this node in its messages.</summary>
    internal ulong Node { get; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Whether another connection, to another of the broker's nodes perhaps, might fare better.</summary>
    internal bool IsStuck
    {
        get
        {
            lock (_gate)
                return _isStuck;
        }
    }

    /// <summary>Why nothing can be sent; null while it can.</summary>
    internal string? Obstacle
    {
        get
        {
            lock (_gate)
                return _obstacle;
        }
    }

    /// <summary>Is set when there may be something to take, or <see cref="IsStuck"/> has changed.</summary>
    internal Signal MayTake { get; } = new();

    /// <summary>
    /// Hands in a message. Events are sent in the order of these calls; a marker goes before all events that have yet to be
    /// sent.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The backplane has been disposed of.</exception>
    internal void Add(OutgoingMessage message)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(RabbitMQBackplane<>));
            (message.MarkerEpoch is null ? _events : _markers).Enqueue(message);
        }

        MayTake.Set();
    }

    /// <summary>The message's id; that of no message at all before it has been sent.</summary>
    internal MessageId IdOf(OutgoingMessage message)
    {
        lock (_gate)
            return new MessageId(Node, message.Sequence);
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

    /// <summary>What callers are told whose event could not be sent in time; null for nothing.</summary>
    internal void SetObstacle(string? obstacle)
    {
        lock (_gate)
        {
            if (obstacle is null && _obstacle is not null)
                _unhinderedSince = _time.GetTimestamp();
            _obstacle = obstacle;
        }
    }

    /// <summary>
    /// A new connection begins: what the last one did not confirm is to be sent again, in the order of its first time.
    /// </summary>
    internal void BeginConnection()
    {
        lock (_gate)
        {
            // What was about to be sent again by the last connection has an order too, and comes after what it did send.
            var again = _inFlight.BeginAnew().Concat(_again).ToList();
            _again.Clear();
            _isStuck = false;
            foreach (var message in again)
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
    }

    /// <summary>A connection begins to read. The task completes with the reason if it gets stuck.</summary>
    internal Task<Exception> BeginReading()
    {
        lock (_gate)
            return _reading.Begin();
    }

    /// <inheritdoc cref="ReadingWatch.BeginMessage"/>
    internal void BeginMessage() => _reading.BeginMessage();

    /// <inheritdoc cref="ReadingWatch.EndMessage"/>
    internal void EndMessage() => _reading.EndMessage();

    /// <summary>The next message to send, stamped, if there is one and not too many are on their way.</summary>
    internal bool TryTake(out ReadOnlyMemory<byte> body)
    {
        lock (_gate)
        {
            body = default;
            if (!TryTakeNext_NeedsLock(out var message, out var isSentAgain))
                return false;
            if (!isSentAgain)
            {
                message.Sequence = ++_sequence;
                _unread.Add(message.Sequence, message);
            }

            (message.SentAt, message.IsToBeSentAgain) = (_time.GetTimestamp(), false);
            _inFlight.Add(message);
            MessageFormat.Stamp(message.Body, new MessageId(Node, message.Sequence), message.MarkerEpoch ?? _epoch, isSentAgain);
            body = message.Body;
            return true;
        }
    }

    /// <summary>The broker has confirmed the message of that number, with <paramref name="all"/> those before it too.</summary>
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

    /// <summary>A message of this node's has come back, at a position.</summary>
    internal void SetRead(ulong sequence, string position)
    {
        lock (_gate)
        {
            if (!_unread.Remove(sequence, out var message))
                return;
            message.SetRead(position);
            // Nobody else would look at it any more, should the connection never come to send it.
            if (message.IsToBeSentAgain)
                message.SetConfirmed();
        }
    }

    /// <summary>Nobody waits for a message any more: it is not sent, unless it has been.</summary>
    internal void Withdraw(OutgoingMessage message, Exception reason)
    {
        lock (_gate)
            Fail_NeedsLock(message, reason);
    }

    /// <summary>Fails everything that waits, and everything to come.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            foreach (var message in _markers.Concat(_events).Concat(_unread.Values).Concat(_inFlight.Messages).ToList())
                Fail_NeedsLock(message, new ObjectDisposedException(typeof(RabbitMQBackplane<>).FullName));
        }
    }

    private bool TryTakeNext_NeedsLock(out OutgoingMessage message, out bool isSentAgain)
    {
        isSentAgain = true;
        if (TryDequeue(_again, out message))
            return true;

        isSentAgain = false;
        var oldest = _inFlight.Oldest?.Sequence ?? (_sequence + 1);
        _isFull = _sequence + 1 - oldest >= SeenMessages.Window;
        if (_isFull)
            return false;
        return TryDequeue(_markers, out message) || (_epoch != 0 && TryDequeue(_events, out message));
    }

    /// <summary>The first that somebody still waits for.</summary>
    private static bool TryDequeue(Queue<OutgoingMessage> queue, out OutgoingMessage message)
    {
        while (queue.TryDequeue(out message!))
        {
            if (!message.IsSettled)
                return true;
        }

        return false;
    }

    private void GiveUpLate()
    {
        lock (_gate)
        {
            var since = _time.GetTimestamp() - (long)(_timeout.TotalSeconds * _time.TimestampFrequency);
            while (_events.TryPeek(out var message) && (message.IsSettled || message.AddedAt <= since))
                Fail_NeedsLock(_events.Dequeue(), NotSent_NeedsLock());
            _reading.Look(_unread.Values.Any(message => message.IsConfirmed));
            _isStuck |= _obstacle is null && _inFlight.Messages.Any(message => Math.Max(message.SentAt, _unhinderedSince) <= since);
            foreach (var message in _unread.Values.Concat(_inFlight.Messages).Where(message => IsLate(message, since)).ToList())
                Fail_NeedsLock(message, message.IsConfirmed ? NotReadBack_NeedsLock() : NotConfirmed_NeedsLock());
        }

        MayTake.Set();
    }

    private static bool IsLate(OutgoingMessage message, long since) =>
        message.MarkerEpoch is null && !message.IsSettled && message.AddedAt <= since;

    private void Fail_NeedsLock(OutgoingMessage message, Exception reason)
    {
        message.Fail(reason);
        _unread.Remove(message.Sequence);
    }

    private TimeoutException NotSent_NeedsLock() => new(
        $"The event was not published: {_obstacle ?? _heldBecause ?? Waiting}, for the {_timeout} that PublishTimeout allows.");

    private TimeoutException NotReadBack_NeedsLock() => new(
        $"The event was published, but this node has not read it back within the {_timeout} that PublishTimeout allows "
        + $"({_heldBecause ?? "nothing comes from the stream, or what came before takes too long"}).");

    private TimeoutException NotConfirmed_NeedsLock() => new(
        $"The event was sent, but not confirmed within the {_timeout} that PublishTimeout allows "
        + $"({_obstacle ?? _heldBecause ?? Waiting}). It may be published all the same.");
}
