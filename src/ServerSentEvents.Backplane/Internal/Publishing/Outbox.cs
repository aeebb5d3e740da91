using System.Security.Cryptography;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>
/// The items that a publisher has to bring to the stream, in order. Callers add them, and the writing loop takes them as
/// messages and confirms these.
/// </summary>
/// <remarks>
/// <para>At most <see cref="SeenMessages.Window"/> messages are unconfirmed. While they are, new items gather for the next
/// message. So each event goes out at once on a quiet node, many share a message on a busy one, and no timer is needed.</para>
/// <para>Safe for use by several threads. No continuation of a task runs under the lock.</para>
/// </remarks>
internal sealed partial class Outbox : IDisposable
{
    /// <summary>The largest message, in bytes, unless it has a single item.</summary>
    internal const int LargestMessage = 64 << 10;

    private const int ChecksInTimeout = 10;

    /// <summary>A slow broker is not given up earlier, however short the timeout is.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(5);

    /// <summary>A broker that does not answer is noticed after this time, however long the timeout is.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    /// <summary>Items that no message has yet. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<OutgoingItem> _items = new();

    /// <summary>Messages to send again, because their connection was lost. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<OutgoingMessage> _retransmissions = new();

    /// <summary>The unconfirmed messages of the present connection. Guarded by <see cref="_gate"/>.</summary>
    private readonly SentMessages _sent = new();

    /// <summary>The items of the message that is being made. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<OutgoingItem> _gathered = [];

    /// <summary>The sequence of the last message. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sequence;

    /// <summary>The reason why nothing can be sent; null while it can. Guarded by <see cref="_gate"/>.</summary>
    private string? _obstacle = "the broker has not been reached yet";

    /// <summary>The time since when there is no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _clearSince;

    /// <summary>True if the last attempt to make a message found too many unconfirmed. Guarded by <see cref="_gate"/>.</summary>
    private bool _isFull;

    /// <summary>True if a message has been unconfirmed for too long. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStuck;

    /// <summary>Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _isDisposed;

    internal Outbox(TimeProvider time, TimeSpan timeout)
    {
        (_time, _timeout) = (time, timeout);
        Patience = TimeSpan.FromTicks(Math.Clamp(timeout.Ticks, ShortestPatience.Ticks, LongestPatience.Ticks));
        var period = timeout / ChecksInTimeout;
        // A period below a millisecond would be none.
        _timer = time.CreateTimer(
            static outbox => ((Outbox)outbox!).Check(), this, period, period > TimeSpan.FromMilliseconds(1) ? period : TimeSpan.FromMilliseconds(1));
    }

    /// <summary>The node number of all messages.</summary>
    internal ulong Node { get; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>The signal that there may be something to take, or that <see cref="IsStuck"/> has changed.</summary>
    internal Signal Changed { get; } = new();

    /// <summary>The longest time that a message can be unconfirmed before the connection is given up.</summary>
    internal TimeSpan Patience { get; }

    /// <summary>The highest sequence that was taken; 0 for none.</summary>
    internal ulong LastSequence
    {
        get
        {
            lock (_gate)
                return _sequence;
        }
    }

    /// <summary>True if the present connection, or the last one, has left a message unconfirmed.</summary>
    internal bool HasUnconfirmed
    {
        get
        {
            lock (_gate)
                return _sent.Count + _retransmissions.Count > 0;
        }
    }

    /// <summary>True if the connection must be replaced, because the broker does not confirm.</summary>
    internal bool IsStuck
    {
        get
        {
            lock (_gate)
                return _isStuck;
        }
    }

    /// <summary>The reason why nothing can be sent; null while it can.</summary>
    internal string? Obstacle
    {
        get
        {
            lock (_gate)
                return _obstacle;
        }

        set
        {
            lock (_gate)
            {
                if (value is null && _obstacle is not null)
                    _clearSince = _time.GetTimestamp();
                _obstacle = value;
            }
        }
    }

    /// <summary>Adds an item. Items are sent in the order of these calls.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal OutgoingItem Add(byte[] encoded)
    {
        var item = new OutgoingItem(encoded, _time.GetTimestamp());
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(StreamPublisher));
            _items.Enqueue(item);
        }

        Changed.Set();
        return item;
    }

    /// <summary>Fails an item whose caller stops waiting. It is not sent unless its message exists already.</summary>
    internal void Withdraw(OutgoingItem item, Exception reason)
    {
        lock (_gate)
            item.Fail(reason);
    }

    /// <summary>Begins with a new connection. Messages that the last one did not confirm are sent again, first and in order.</summary>
    internal void BeginConnection()
    {
        lock (_gate)
        {
            // What was waiting to be sent again comes after what the last connection had sent.
            OutgoingMessage[] messages = [.. _sent.TakeAll(), .. _retransmissions];
            _retransmissions.Clear();
            foreach (var message in messages)
                _retransmissions.Enqueue(message);
            _isStuck = false;
        }
    }

    /// <summary>Takes the next message to send. Returns false if there is none, or too many are unconfirmed.</summary>
    internal bool TryTake(out ReadOnlyMemory<byte> body)
    {
        lock (_gate)
        {
            body = default;
            var isRetransmission = TryTakeRetransmission_NeedsLock(out var message);
            if (!isRetransmission && !TryMakeMessage_NeedsLock(out message))
                return false;
            MessageFormat.Stamp(message.Body, new MessageId(Node, message.Sequence), MessageFormat.NowOf(_time), isRetransmission);
            message.SentAt = _time.GetTimestamp();
            _sent.Add(message);
            body = message.Body;
            return true;
        }
    }

    /// <summary>Completes the items of a confirmed message, and with <paramref name="all"/> those of all messages before it.</summary>
    /// <returns>The number of items, and the highest sequence; 0 for none.</returns>
    internal (int Items, ulong Sequence) Confirm(long number, bool all)
    {
        var (items, sequence) = (0, 0UL);
        bool wasFull;
        lock (_gate)
        {
            (wasFull, _isFull) = (_isFull, false);
            foreach (var message in _sent.Confirm(number, all))
            {
                foreach (var item in message.Items)
                    item.Confirm();
                items += message.Items.Length;
                sequence = Math.Max(sequence, message.Sequence);
            }
        }

        if (wasFull)
            Changed.Set();
        return (items, sequence);
    }

    /// <summary>Fails all items, and everything that is added later.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var item in All_NeedsLock())
                item.Fail(new ObjectDisposedException(typeof(StreamPublisher).FullName));
        }
    }

    private bool TryTakeRetransmission_NeedsLock(out OutgoingMessage message)
    {
        while (_retransmissions.TryDequeue(out message!))
        {
            if (!Array.TrueForAll(message.Items, static item => item.IsSettled))
                return true;
        }

        return false;
    }

    private bool TryMakeMessage_NeedsLock(out OutgoingMessage message)
    {
        message = null!;
        // A reader can tell retransmissions apart only in a window of sequences.
        _isFull = _sent.Oldest is { } oldest && _sequence + 1 - oldest.Sequence >= SeenMessages.Window;
        if (_isFull)
            return false;
        for (var length = MessageFormat.HeaderLength; _items.TryPeek(out var next); _items.Dequeue())
        {
            if (next.Encoded is null)
                continue;
            length += MessageFormat.LengthOf(next.Encoded);
            if (_gathered.Count == StreamPosition.MaxItems || (_gathered.Count > 0 && length > LargestMessage))
                break;
            _gathered.Add(next);
        }

        if (_gathered.Count == 0)
            return false;
        OutgoingItem[] items = [.. _gathered];
        _gathered.Clear();
        message = new OutgoingMessage(++_sequence, items, MessageFormat.Encode(Array.ConvertAll(items, static item => item.Encoded!)));
        return true;
    }

    private IEnumerable<OutgoingItem> All_NeedsLock() =>
        _items.Concat(_sent.All.Concat(_retransmissions).SelectMany(message => message.Items));
}
