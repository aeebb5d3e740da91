namespace ServerSentEvents.RabbitMQ.Internal;

/// <content>Who has waited for too long, and why.</content>
internal sealed partial class Outbox
{
    private const int ChecksInTimeout = 10;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A connection is not made anew more often than that, however short the timeout: the broker may just be slow.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(5);

    private const string Waiting = "the broker has yet to confirm what was sent before";

    /// <summary>How long either connection may give no sign of life.</summary>
    private readonly TimeSpan _patience;

    /// <summary>What is to come back where nothing else does; null for none. Guarded by <see cref="_gate"/>.</summary>
    private OutgoingItem? _sign;

    /// <summary>Whether this connection has left an event unconfirmed for too long. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStuck;

    /// <summary>Why nothing can be sent; null while it can. Guarded by <see cref="_gate"/>.</summary>
    private string? _obstacle = "the broker has not been reached yet";

    /// <summary>Since when there has been no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _unhinderedSince;

    /// <summary>Why events are not sent, though they could be; null where they are. Guarded by <see cref="_gate"/>.</summary>
    private string? _heldBecause;

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
        {
            // It may begin behind that one, or in another stream.
            if (_sign is not null)
                Withdraw_NeedsLock(_sign, new OperationCanceledException("Another connection reads."));
            _sign = null;
            return _reading.Begin();
        }
    }

    /// <summary>For how long something has been confirmed that has not come back, since anything did.</summary>
    internal TimeSpan WaitingForReader
    {
        get
        {
            lock (_gate)
                return _reading.Waiting;
        }
    }

    /// <inheritdoc cref="ReadingWatch.BeginMessage"/>
    internal void BeginMessage() => _reading.BeginMessage();

    /// <inheritdoc cref="ReadingWatch.EndMessage"/>
    internal void EndMessage() => _reading.EndMessage();

    /// <summary>
    /// Nobody waits for an item any more: it is not sent, unless it has been. In a message that has been, it may be sent again
    /// with the others.
    /// </summary>
    internal void Withdraw(OutgoingItem item, Exception reason)
    {
        lock (_gate)
            Withdraw_NeedsLock(item, reason);
    }

    private void Withdraw_NeedsLock(OutgoingItem item, Exception reason)
    {
        item.Fail(reason);
        if (item.Message is { } message)
            ForgetIfSettled_NeedsLock(message);
        else
            _queue.Withdraw();
    }

    private void GiveUpLate()
    {
        lock (_gate)
        {
            var since = Before(_timeout);
            while (_queue.TryTakeLate(since, out var item))
                item.Fail(NotSent_NeedsLock());
            LookAfterReading_NeedsLock();
            LookAfterWriting_NeedsLock();
            foreach (var message in _unread.Values.Union(_inFlight.Messages).ToList())
                GiveUpLate_NeedsLock(message, since);
        }

        MayTake.Set();
    }

    private long Before(TimeSpan duration) => _time.GetTimestamp() - (long)(duration.TotalSeconds * _time.TimestampFrequency);

    private void LookAfterWriting_NeedsLock()
    {
        var since = Before(_patience);
        _isStuck |= _obstacle is null && _inFlight.Messages.Any(message => Math.Max(message.SentAt, _unhinderedSince) <= since);
    }

    /// <summary>A reader that gets nothing is either stuck or in a quiet stream: a marker tells the two apart.</summary>
    private void LookAfterReading_NeedsLock()
    {
        if (!_reading.Look(_unread.Values.Any(message => message.IsConfirmed)) || _epoch == 0 || _sign is { IsSettled: false })
            return;
        _sign = new OutgoingItem(encoded: null, _epoch, _time.GetTimestamp());
        _queue.Add(_sign);
    }

    private void GiveUpLate_NeedsLock(OutgoingMessage message, long since)
    {
        var hasFailed = false;
        foreach (var item in message.Items)
        {
            if (item.MarkerEpoch is not null || item.IsSettled || item.AddedAt > since)
                continue;
            item.Fail(message.IsConfirmed ? NotDelivered_NeedsLock(message) : NotConfirmed_NeedsLock());
            hasFailed = true;
        }

        if (hasFailed)
            ForgetIfSettled_NeedsLock(message);
    }

    private void ForgetIfSettled_NeedsLock(OutgoingMessage message)
    {
        if (message.IsSettled)
            _unread.Remove(message.Sequence);
    }

    private TimeoutException NotSent_NeedsLock() => new(
        $"The event was not published: {_obstacle ?? _heldBecause ?? Waiting}, for the {_timeout} that PublishTimeout allows.");

    private TimeoutException NotDelivered_NeedsLock(OutgoingMessage message) => new(
        $"The event was published, but this node has not {(message.IsRead ? "delivered it" : "read it back")} within the {_timeout} "
        + $"that PublishTimeout allows ({_heldBecause ?? "nothing comes from the stream, or what came before takes too long"}).");

    private TimeoutException NotConfirmed_NeedsLock() => new(
        $"The event was sent, but not confirmed within the {_timeout} that PublishTimeout allows "
        + $"({_obstacle ?? _heldBecause ?? Waiting}). It may be published all the same.");
}
