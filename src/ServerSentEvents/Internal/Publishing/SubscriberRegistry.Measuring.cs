using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Internal.Publishing;

/// <content>The numbers of bytes in queues and in the history.</content>
internal sealed partial class SubscriberRegistry<TProperties> : IMeasuredPublisher
{
    /// <inheritdoc/>
    public long HistoryBytes => _history?.Bytes ?? 0;

    /// <summary>Returns the number of bytes that wait for a subscriber.</summary>
    internal long BytesOf(Subscriber<TProperties> subscriber)
    {
        lock (_gate)
            return subscriber.Bytes;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Releases the lock from time to time, so that no thread waits long. A subscriber that comes, ends or goes between two
    /// steps can be left out or count twice. The next measurement is right again.
    /// </remarks>
    public long CountQueuedBytes()
    {
        long bytes = 0;
        var walk = new SubscriberWalk();
        var lingerer = int.MaxValue;
        while (true)
        {
            var budget = SubscriberWalk.StepSize;
            lock (_gate)
            {
                _index.VisitNext(ref walk, ref budget, subscriber => bytes += subscriber.Bytes);
                if (walk.IsAtEnd)
                    bytes += _lingering.CountBytes(ref lingerer, budget);
            }

            if (walk.IsAtEnd && lingerer == 0)
                return bytes;
            LetOthersIn();
        }
    }
}
