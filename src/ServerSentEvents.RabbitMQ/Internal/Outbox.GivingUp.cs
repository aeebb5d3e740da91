namespace ServerSentEvents.RabbitMQ.Internal;

/// <content>Who has waited for too long, and why.</content>
internal sealed partial class Outbox
{
    private const int ChecksInTimeout = 10;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private const string Waiting = "the broker has yet to confirm what was sent before";

    /// <summary>Why events are not sent, though they could be; null where they are. Guarded by <see cref="_gate"/>.</summary>
    private string? _heldBecause;

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
