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
            lag.EndMessage();
        }
    }

    private void ReadWatched(long offset, ReadOnlySpan<byte> body)
    {
        if (!_isGoingOn)
            Follow(offset);
        else if (!IsNew(offset, body))
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

        SkipTo(offset, last);
        return true;
    }

    /// <summary>
    /// Looks at an offset where none is expected: at a beginning it says whether this is all of the stream; behind another
    /// message, whether the broker forgets faster than this node reads. It then goes on with what it still has, and does not
    /// say so.
    /// </summary>
    /// <remarks>
    /// One offset is left out where the broker begins a file of its log. That is no message, and a file has at least one of
    /// those.
    /// </remarks>
    private void Follow(long offset)
    {
        if (_last.Offset is not { } last)
            _seen.BeginAnew(isWhole: offset == 0);
        else if (offset > last + 2)
            SkipTo(offset, last);
    }

    private void SkipTo(long offset, long last)
    {
        Log.Truncated(settings.Logger, settings.StreamName, last, offset);
        _seen.BeginAnew(isWhole: false);
        if (_epoch != 0)
            BeginAnew(EventPosition.Before(offset));
        // It may be among what is lost, and would be waited for in vain.
        if (_marker is { IsSettled: false } marker)
            outbox.SendAnew(outbox.IdOf(marker).Sequence);
    }

    private void Take(long offset, in StreamMessage message)
    {
        lag.HasRead(Age(message.SentAt));
        var sighting = _seen.Add(message.Id, message.IsSentAgain);
        if (sighting == Sighting.Seen)
            Metrics.Redelivered.Add(1);

        // Whether those who come here have had it nobody can say: they begin anew behind it, and so does whoever is here.
        var isLeftOut = sighting == Sighting.CannotBeTold && message.Events.Count > 0;
        var before = isLeftOut ? EventPosition.Of(offset, message.Events.Count - 1) : EventPosition.Before(offset);
        if (message.Epoch > Math.Max(_epoch, _lostEpoch))
            Enter(message.Epoch, before);
        else if (isLeftOut && _epoch != 0)
            BeginAnew(before);

        var isMine = message.Id.Node == outbox.Node;
        if (isMine && _epoch == 0 && _seen.IsWhole && message.Events.Count > 0)
        {
            outbox.SendAnew(message.Id.Sequence);
            return;
        }

        var awaited = isMine ? outbox.BeginDelivery(message.Id.Sequence, _name, offset) : null;
        if (sighting == Sighting.New)
            Deliver(offset, message, awaited);
        if (isMine && _isCatchingUp && _epoch != 0 && outbox.IdOf(_marker!) == message.Id)
            EndCatchingUp(offset);
        if (awaited is not null)
            outbox.EndDelivery(awaited);
    }

    /// <summary>
    /// One event after the other; whoever waits for one hears of it as soon as it is delivered, and not of those behind it.
    /// </summary>
    private void Deliver(long offset, in StreamMessage message, OutgoingMessage? awaited)
    {
        for (var place = 0; place < message.Events.Count && !outbox.IsDisposed; place++)
        {
            Deliver(EventPosition.Of(offset, place), message.Events[place], isMine: message.Id.Node == outbox.Node);
            if (awaited is not null)
                outbox.SetDelivered(awaited);
        }
    }

    private void Deliver(long position, in StreamEvent read, bool isMine)
    {
        if (_isCatchingUp)
        {
            // Without an epoch it is from a writer that has yet to notice a new stream: who comes later has a gap anyway.
            if (_epoch != 0)
                delivery.Remember(position, read);
            return;
        }

        delivery.Deliver(position, read);
        Metrics.Delivered.Add(1);
        if (isMine && Metrics.MeasuresDelivery)
            Metrics.HasDelivered(Age(read.AddedAt));
    }

    /// <summary>In seconds, by the clocks of two machines, which need not agree.</summary>
    private double Age(long since) => Math.Max(0, (settings.TimeProvider.GetMicroseconds() - since) / 1e6);
}
