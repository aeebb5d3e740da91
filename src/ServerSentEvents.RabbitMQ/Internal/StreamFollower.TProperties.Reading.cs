namespace ServerSentEvents.RabbitMQ.Internal;

/// <content>What is done with each message.</content>
internal sealed partial class StreamFollower<TProperties>
{
    /// <summary>Takes the next message of the stream.</summary>
    private void Read(long offset, ReadOnlySpan<byte> body)
    {
        outbox.BeginMessage();
        try
        {
            ReadWatched(offset, body);
        }
        finally
        {
            outbox.EndMessage();
        }
    }

    private void ReadWatched(long offset, ReadOnlySpan<byte> body)
    {
        if (_isGoingOn && !IsNew(offset, body))
            return;
        _last.Set(offset, body);
        switch (MessageFormat.TryDecode(body, out var message))
        {
            case DecodeResult.UnknownVersion:
                Metrics.Skipped.Add(1);
                Log.UnknownVersion(settings.Logger, settings.StreamName, offset, body[0]);
                break;
            case DecodeResult.Damaged:
                Metrics.Damaged.Add(1);
                Log.Damaged(settings.Logger, settings.StreamName, offset);
                break;
            default:
                Take(offset, message);
                break;
        }
    }

    /// <summary>
    /// Looks at the first message after an outage, which should be the last one before it, and returns whether there is
    /// anything in it to take.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is another stream, which has to be read from its beginning.</exception>
    private bool IsNew(long offset, ReadOnlySpan<byte> body)
    {
        var last = _last.Offset!.Value;
        if (offset < last)
            return false;
        _isGoingOn = false;
        if (offset == last && _last.Is(body))
            return false;
        if (offset == last)
        {
            Lose(last);
            throw new InvalidOperationException("The stream is another one than before.");
        }

        Log.Truncated(settings.Logger, settings.StreamName, last, offset);
        Metrics.Gaps.Add(1);
        delivery.BeginAfter(_name, EventPosition.Before(offset));
        return true;
    }

    private void Take(long offset, in StreamMessage message)
    {
        if (Metrics.MeasuresLag)
            Metrics.HasRead(Age(message.SentAt));
        if (message.Epoch > Math.Max(_epoch, _lostEpoch))
            Enter(message.Epoch, offset);

        // Its first time may have been before this node began to read.
        var mayBeOld = _epoch != 0 && message.IsSentAgain && !_seen.Knows(message.Id.Node);
        if (!_seen.Add(message.Id))
            Metrics.Redelivered.Add(1);
        else if (mayBeOld && message.Events.Count > 0)
            LeaveOut(offset, message);
        else if (_isCatchingUp)
            Remember(offset, message);
        else
            Deliver(offset, message);

        if (message.Id.Node != outbox.Node)
            return;
        if (_isCatchingUp && _epoch != 0 && outbox.IdOf(_marker!) == message.Id)
            EndCatchingUp(offset);
        outbox.SetRead(message.Id.Sequence, _name, offset);
    }

    /// <summary>
    /// Whether those who come here have had it nobody can say: they begin anew behind it, and so does whoever is here.
    /// </summary>
    private void LeaveOut(long offset, in StreamMessage message)
    {
        if (!_isCatchingUp)
            Metrics.Gaps.Add(1);
        delivery.BeginAfter(_name, EventPosition.Of(offset, message.Events.Count - 1));
    }

    private void Remember(long offset, in StreamMessage message)
    {
        // Without an epoch it is from a writer that has yet to notice a new stream: who comes later has a gap anyway.
        if (_epoch == 0)
            return;
        for (var place = 0; place < message.Events.Count; place++)
            delivery.Remember(EventPosition.Of(offset, place), message.Events[place]);
    }

    private void Deliver(long offset, in StreamMessage message)
    {
        for (var place = 0; place < message.Events.Count; place++)
        {
            var each = message.Events[place];
            delivery.Deliver(EventPosition.Of(offset, place), each);
            Metrics.Delivered.Add(1);
            if (message.Id.Node == outbox.Node && Metrics.MeasuresDelivery)
                Metrics.HasDelivered(Age(each.AddedAt));
        }
    }

    /// <summary>In seconds, by the clocks of two machines, which need not agree.</summary>
    private double Age(long since) => Math.Max(0, (settings.TimeProvider.GetMicroseconds() - since) / 1e6);
}
