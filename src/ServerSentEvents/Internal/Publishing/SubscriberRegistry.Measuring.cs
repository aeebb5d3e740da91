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
        // The number of channels and subscribers to look at in one step under the lock.
        const int budgetOfStep = 1_024;
        long bytes = 0;
        var (channel, member, lingerer) = (int.MaxValue, int.MaxValue, int.MaxValue);
        while (true)
        {
            var budget = budgetOfStep;
            lock (_gate)
            {
                bytes += _index.CountBytes(ref channel, ref member, ref budget);
                if (channel == 0)
                    bytes += _lingering.CountBytes(ref lingerer, budget);
            }

            if (channel == 0 && lingerer == 0)
                return bytes;
            LetOthersIn();
        }
    }
}
