using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <content>Finds out whether the stream is still the same one, and whether messages were lost.</content>
internal sealed partial class StreamFollower<TProperties>
{
    /// <summary>
    /// Compares a message with the last one, and restarts the history if messages may be lost. Returns false if the message was read
    /// before.
    /// </summary>
    /// <exception cref="InvalidOperationException">This is another stream, which has to be read from its start.</exception>
    private bool TryAccept(long offset, MessageOrder order, ReadOnlySpan<byte> body)
    {
        if (_lastOffset is { } last)
        {
            var isResuming = _isResuming;
            if (isResuming && offset < last)
                return false;
            _isResuming = false;
            if (isResuming && offset == last)
            {
                if (_lastBody.WrittenSpan.SequenceEqual(body))
                    return false;
                StartAgain();
                throw new InvalidOperationException("The stream was replaced by another one.");
            }

            if (!isResuming && order == MessageOrder.Next && offset > last)
                return true;
            Log.Lost(settings.Logger, stream, last, offset);
            metrics.Gaps.Increment();
            if (offset <= last)
                _ids = new StreamEventIds();
        }

        _seen = new SeenMessages(NodesRemembered, startsAtFirst: order == MessageOrder.First);
        RestartHistory(new EventPosition(StreamPosition.Before(offset)));
        return true;
    }

    /// <summary>Forgets the stream, which is another one now.</summary>
    private void StartAgain()
    {
        Log.Replaced(settings.Logger, stream, _lastOffset!.Value);
        metrics.Gaps.Increment();
        _lastOffset = null;
        _isCatchingUp = true;
        _ids = new StreamEventIds();
        delivery.Restart(_ids, before: default);
    }

    /// <summary>Starts the history after a position. Messages that this node published earlier are no longer expected.</summary>
    private void RestartHistory(EventPosition before)
    {
        stallDetector.ExpectNothing();
        delivery.Restart(_ids, before);
    }
}
