using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <content>The times after which an item fails, and a connection is given up.</content>
internal sealed partial class Outbox
{
    /// <summary>Fails items whose timeout is over, and notices a broker that does not confirm.</summary>
    private void Check()
    {
        lock (_gate)
        {
            var late = _time.GetTimestamp() - _time.ToTimestampTicks(_timeout);
            while (_items.TryPeek(out var first) && (first.IsSettled || first.AddedAt <= late))
                _items.Dequeue().Fail(NotSent_NeedsLock());
            foreach (var item in UnconfirmedItems_NeedsLock())
            {
                if (item.AddedAt <= late && !item.IsSettled)
                    item.Fail(NotConfirmed_NeedsLock());
            }

            var stalledBefore = _time.GetTimestamp() - _time.ToTimestampTicks(StallTimeout);
            _isStalled |= _obstacle is null
                && _messages is [{ Number: not null } oldest, ..] && Math.Max(oldest.SentAt, _clearSince) <= stalledBefore;
        }

        Changed.Set();
    }

    private TimeoutException NotSent_NeedsLock() => new(
        $"Not published within the PublishTimeout of {_timeout}: {Reason_NeedsLock()}.");

    private TimeoutException NotConfirmed_NeedsLock() => new(
        $"Sent, but not confirmed within the PublishTimeout of {_timeout}: {Reason_NeedsLock()}. It may have been published.");

    private string Reason_NeedsLock() => _obstacle ?? "the broker has not confirmed what was sent before";
}
