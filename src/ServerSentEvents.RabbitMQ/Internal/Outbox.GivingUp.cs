namespace ServerSentEvents.RabbitMQ.Internal;

/// <content>Who has waited for too long, and why.</content>
internal sealed partial class Outbox
{
    private const int ChecksInTimeout = 10;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A reader is not made anew more often than that, however short the timeout.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(5);

    private const string Waiting = "the broker has too much to confirm, or this node has yet to read what was confirmed";

    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;

    /// <summary>Whether this connection has left an event unconfirmed for too long. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStuck;

    /// <summary>Why nothing can be sent; null while it can. Guarded by <see cref="_gate"/>.</summary>
    private string? _obstacle = "the broker has not been reached yet";

    /// <summary>Since when there has been no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _unhinderedSince;

    /// <summary>Why events are not sent, though they could be; null where they are. Guarded by <see cref="_gate"/>.</summary>
    private string? _heldBecause;

    internal Outbox(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
        _reading = new ReadingWatch(time, timeout > ShortestPatience ? timeout : ShortestPatience);
        // A period below a millisecond would be none at all.
        var interval = timeout / ChecksInTimeout is var part && part > Shortest ? part : Shortest;
        _timer = time.CreateTimer(static outbox => ((Outbox)outbox!).GiveUpLate(), this, interval, interval);
    }

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

    /// <summary>Nobody waits for an item any more: it is not sent, unless it has been, or another of its message is to be sent again.</summary>
    internal void Withdraw(OutgoingItem item, Exception reason)
    {
        lock (_gate)
            Fail_NeedsLock(item, reason);
    }

    /// <summary>Fails everything that waits, and everything to come.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            foreach (var item in _queue.Unsent.Concat(Sent_NeedsLock()).ToList())
                Fail_NeedsLock(item, new ObjectDisposedException(typeof(RabbitMQBackplane<>).FullName));
        }
    }

    private void GiveUpLate()
    {
        lock (_gate)
        {
            var since = _time.GetTimestamp() - (long)(_timeout.TotalSeconds * _time.TimestampFrequency);
            while (_queue.TryTakeLate(since, out var item))
                Fail_NeedsLock(item, NotSent_NeedsLock());
            _reading.Look(_unread.Values.Any(message => message.IsConfirmed));
            _isStuck |= _obstacle is null && _inFlight.Messages.Any(message => Math.Max(message.SentAt, _unhinderedSince) <= since);
            foreach (var item in Sent_NeedsLock().Where(item => IsLate(item, since)).ToList())
                Fail_NeedsLock(item, item.Message!.IsConfirmed ? NotReadBack_NeedsLock() : NotConfirmed_NeedsLock());
        }

        MayTake.Set();
    }

    private static bool IsLate(OutgoingItem item, long since) =>
        item.MarkerEpoch is null && !item.IsSettled && item.AddedAt <= since;

    /// <summary>What has been sent, and has not been both confirmed and read; some of it twice.</summary>
    private IEnumerable<OutgoingItem> Sent_NeedsLock() =>
        _unread.Values.Concat(_inFlight.Messages).SelectMany(message => message.Items);

    private void Fail_NeedsLock(OutgoingItem item, Exception reason)
    {
        item.Fail(reason);
        if (item.Message is { IsSettled: true } message)
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
