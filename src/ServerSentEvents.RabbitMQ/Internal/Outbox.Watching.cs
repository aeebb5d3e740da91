namespace ServerSentEvents.RabbitMQ.Internal;

/// <content>Whether both connections give signs of life.</content>
internal sealed partial class Outbox
{
    /// <summary>A connection is not made anew more often than that, however short the timeout: the broker may just be slow.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long either connection may give no sign of life.</summary>
    private readonly TimeSpan _patience;

    /// <summary>What is to come back where nothing else does; null for none. Guarded by <see cref="_gate"/>.</summary>
    private OutgoingItem? _sign;

    /// <summary>Whether this connection has left a message unconfirmed for too long. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStuck;

    /// <summary>Why nothing can be sent; null while it can. Guarded by <see cref="_gate"/>.</summary>
    private string? _obstacle = "the broker has not been reached yet";

    /// <summary>Since when there has been no obstacle, as a timestamp. Guarded by <see cref="_gate"/>.</summary>
    private long _unhinderedSince;

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
}
