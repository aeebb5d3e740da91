using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>
/// The items that a publisher has to bring to the stream, in order. Callers add them, and the writing loop takes them as
/// messages and confirms these.
/// </summary>
/// <remarks>
/// <para>At most <see cref="SeenMessages.Window"/> messages are unconfirmed. While this limit is reached, new items gather for the next
/// message. So each event goes out at once on a quiet node, many share a message on a busy one, and no timer is needed.</para>
/// <para>Safe for use by several threads. No continuation of a task runs under the lock, and the clock, which can be the
/// application's, is read outside the lock.</para>
/// </remarks>
internal sealed partial class Outbox : IDisposable
{
    /// <summary>The largest message, in bytes, unless it has a single item.</summary>
    internal const int LargestMessage = 64 << 10;

    private const int ChecksInTimeout = 10;

    /// <summary>The smallest number of withdrawn items that are removed together.</summary>
    private const int FewWithdrawn = 500;

    /// <summary>The shortest stall timeout. A slow broker gets this time even if the publish timeout is shorter.</summary>
    private static readonly TimeSpan ShortestStallTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The longest stall timeout. A silent broker is noticed after this time even if the publish timeout is longer.</summary>
    private static readonly TimeSpan LongestStallTimeout = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    /// <summary>Items that no message has yet. Guarded by <see cref="_gate"/>.</summary>
    private Queue<OutgoingItem> _items = new();

    /// <summary>The number of items that were withdrawn since the queue was cleaned. Guarded by <see cref="_gate"/>.</summary>
    private int _withdrawn;

    /// <summary>
    /// The unconfirmed messages, in the order of their sequences. Those that the current connection has sent come first. The others
    /// have to be sent again. Guarded by <see cref="_gate"/>.
    /// </summary>
    private readonly List<OutgoingMessage> _messages = [];

    /// <summary>The sequence of the last message. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sequence;

    /// <summary>The number of messages that the current connection has sent. Guarded by <see cref="_gate"/>.</summary>
    private long _sent;

    /// <summary>The reason why nothing can be sent; null while it can. Written under <see cref="_gate"/>.</summary>
    private volatile string? _obstacle = "the broker has not been reached yet";

    /// <summary>The time since when there is no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _clearSince;

    /// <summary>True if a message has been unconfirmed for too long. Written under <see cref="_gate"/>.</summary>
    private volatile bool _isStalled;

    /// <summary>True after the disposal. Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _isDisposed;

    internal Outbox(TimeProvider time, TimeSpan timeout)
    {
        (_time, _timeout) = (time, timeout);
        StallTimeout = TimeSpan.FromTicks(Math.Clamp(timeout.Ticks, ShortestStallTimeout.Ticks, LongestStallTimeout.Ticks));
        // A check also finds a silent broker, so a long publish timeout must not delay it.
        var period = (timeout < LongestStallTimeout ? timeout : LongestStallTimeout) / ChecksInTimeout;
        // A timer takes whole milliseconds: with a shorter period, it would fire only once.
        _timer = time.CreateDetachedTimer(
            static outbox => ((Outbox)outbox!).Check(), this, period, period > TimeSpan.FromMilliseconds(1) ? period : TimeSpan.FromMilliseconds(1));
    }

    /// <summary>The node number of all messages.</summary>
    internal ulong Node { get; } = (ulong)Random.Shared.NextInt64();

    /// <summary>The signal that there may be something to take, or that <see cref="IsStalled"/> has changed.</summary>
    internal Signal Changed { get; } = new();

    /// <summary>The longest time that a message can be unconfirmed before the connection is given up.</summary>
    internal TimeSpan StallTimeout { get; }

    /// <summary>True if a message has to be sent again, or waits for its confirmation.</summary>
    internal bool HasUnconfirmed
    {
        get
        {
            lock (_gate)
                return _messages.Exists(static message => message is { Number: not null } or { IsSettled: false });
        }
    }

    /// <summary>True if the connection must be replaced, because the broker does not confirm.</summary>
    internal bool IsStalled => _isStalled;

    /// <summary>The reason why nothing can be sent; null while it can.</summary>
    internal string? Obstacle
    {
        get => _obstacle;
        set => SetObstacle(value, value is null ? _time.GetTimestamp() : 0);
    }

    /// <summary>Sets <see cref="Obstacle"/>. The caller holds a lock, so it reads the clock before that and passes the timestamp.</summary>
    internal void SetObstacle(string? value, long now)
    {
        lock (_gate)
        {
            if (value is null && _obstacle is not null)
                _clearSince = now;
            _obstacle = value;
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
        {
            item.Fail(reason);
            // The first item can wait for a long time. Remove the withdrawn items after it from time to time.
            if (++_withdrawn >= Math.Max(FewWithdrawn, _items.Count / 2))
                (_items, _withdrawn) = (new(_items.Where(static item => !item.IsSettled)), 0);
        }

        // The failure is observed: the caller does not look at the task anymore.
        _ = item.Confirmed.Exception;
    }

    /// <summary>Begins with a new connection. Messages that the last one did not confirm are sent again, first and in order.</summary>
    internal void BeginConnection()
    {
        lock (_gate)
        {
            _messages.ForEach(static message => message.Number = null);
            (_sent, _isStalled) = (0, false);
        }
    }

    /// <summary>Takes the next message to send. Returns null if there is none, or too many are unconfirmed.</summary>
    internal OutgoingMessage? Take()
    {
        var (time, now) = (MessageFormat.NowOf(_time), _time.GetTimestamp());
        lock (_gate)
        {
            // No caller waits for these anymore.
            _messages.RemoveAll(static message => message is { Number: null, IsSettled: true });
            var retransmission = _messages.Find(static message => message.Number is null);
            if ((retransmission ?? MakeMessage_NeedsLock()) is not { } message)
                return null;
            // The transport of the lost connection may still be sending the bytes.
            if (retransmission is not null)
                message.Body = [.. message.Body];
            MessageFormat.Stamp(message.Body, new MessageId(Node, message.Sequence), time, isRetransmission: retransmission is not null);
            (message.Number, message.SentAt) = (++_sent, now);
            return message;
        }
    }

    /// <summary>Completes the items of a confirmed message, and with <paramref name="all"/> those of all messages before it.</summary>
    /// <param name="number">The <see cref="OutgoingMessage.Number"/> of the message.</param>
    /// <param name="all">True for all messages up to this one.</param>
    /// <returns>The number of items, and the highest sequence; 0 for none.</returns>
    internal (int Items, ulong Sequence) Confirm(long number, bool all)
    {
        var (items, sequence) = (0, 0UL);
        bool wasFull;
        lock (_gate)
        {
            (wasFull, _isStalled) = (IsFull_NeedsLock(), false);
            foreach (var message in _messages.FindAll(message => message.Number == number || (all && message.Number < number)))
            {
                _messages.Remove(message);
                foreach (var item in message.Items)
                    item.Confirm();
                items += message.Items.Length;
                sequence = message.Sequence;
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
            foreach (var item in _items.Concat(UnconfirmedItems_NeedsLock()))
                item.Fail(new ObjectDisposedException(typeof(StreamPublisher).FullName));
        }
    }

    private OutgoingMessage? MakeMessage_NeedsLock()
    {
        if (IsFull_NeedsLock())
            return null;
        var items = new List<OutgoingItem>();
        for (var length = MessageFormat.HeaderLength; _items.TryPeek(out var next); _items.Dequeue())
        {
            if (next.Encoded is null)
                continue;
            length += MessageFormat.LengthOf(next.Encoded);
            if (items.Count == StreamPosition.MaxItems || (items.Count > 0 && length > LargestMessage))
                break;
            items.Add(next);
        }

        if (items.Count == 0)
            return null;
        var body = MessageFormat.Encode([.. items.Select(static item => item.Encoded!)]);
        items.ForEach(static item => item.Encoded = null);
        var message = new OutgoingMessage(++_sequence, [.. items], body);
        _messages.Add(message);
        return message;
    }

    /// <summary>Returns whether no new message is possible: a reader can tell retransmissions apart only in a window of sequences.</summary>
    private bool IsFull_NeedsLock() => _messages is [var oldest, ..] && _sequence + 1 - oldest.Sequence >= SeenMessages.Window;

    private IEnumerable<OutgoingItem> UnconfirmedItems_NeedsLock() => _messages.SelectMany(static message => message.Items);
}
