using System.Threading.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>A queue's writer for a subscription that is copied: it tells the copy of all that comes, and of the end.</summary>
internal sealed class SignalingWriter(ChannelWriter<Frame> writer, PipeCopy copy) : ChannelWriter<Frame>
{
    public override bool TryWrite(Frame item)
    {
        if (!writer.TryWrite(item))
            return false;
        copy.Signal();
        return true;
    }

    public override bool TryComplete(Exception? error = null)
    {
        var completed = writer.TryComplete(error);
        copy.Signal();
        return completed;
    }

    /// <exception cref="NotSupportedException">Always: nobody waits for a subscriber.</exception>
    public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
