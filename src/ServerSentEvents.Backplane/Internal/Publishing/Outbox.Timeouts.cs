using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <content>The times after which an item fails, and a connection is given up.</content>
internal sealed partial class Outbox
{
    /// <summary>Fails items whose timeout is over, and notices a broker that does not confirm.</summary>
    private void Check()
    {
        var now = _time.GetTimestamp();
        lock (_gate)
        {
            var reason = _obstacle ?? "the broker has not confirmed what was sent before";
            var late = now - _time.ToTimestampTicks(_timeout);
            while (_items.TryPeek(out var first) && (first.IsSettled || first.AddedAt <= late))
                _items.Dequeue().Fail(new TimeoutException($"Not published within the PublishTimeout of {_timeout}: {reason}."));
            foreach (var item in UnconfirmedItems_NeedsLock().Where(item => item.AddedAt <= late && !item.IsSettled))
            {
                item.Fail(new TimeoutException(
                    $"Sent, but not confirmed within the PublishTimeout of {_timeout}: {reason}. It may have been published."));
            }

            var stalledBefore = now - _time.ToTimestampTicks(StallTimeout);
            _isStalled |= _obstacle is null
                && _messages is [{ Number: not null } oldest, ..] && Math.Max(oldest.SentAt, _clearSince) <= stalledBefore;
        }

        Changed.Set();
    }
}
