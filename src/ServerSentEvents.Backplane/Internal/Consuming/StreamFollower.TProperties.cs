using System.Buffers;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>The reader of the stream over any number of connections, which delivers each message once.</summary>
/// <remarks>
/// <para><b>Start.</b> The node appends a marker, and reads as far back as the options say. Until the marker comes, events go
/// into the history alone.</para>
/// <para><b>Reconnection.</b> The node appends another marker, and reads from its last message, which must have the same bytes.
/// If it has other bytes, or the marker is before it, this is another stream: the node starts again. If the last message is
/// gone, messages may have been lost.</para>
/// <para><b>Loss.</b> Where messages may have been lost, all subscriptions end, and the history is cleared. Older ids are gaps.</para>
/// <para>One thread at a time uses this class.</para>
/// </remarks>
internal sealed partial class StreamFollower<TProperties>(
    LocalDelivery<TProperties> delivery,
    ulong node,
    ReaderStallDetector stallDetector,
    ReadingLag lag,
    BrokerMetrics metrics,
    BackplaneSettings<TProperties> settings,
    string stream)
{
    private const int NodesRemembered = 1_024;
    private const double MicrosecondsPerSecond = 1e6;

    /// <summary>The largest buffer that is used again. Few messages need more: a message with several events has at most 64 KiB.</summary>
    private const int LargestReusedBuffer = 256 * 1024;

    /// <summary>The longest time that the append of the marker may take. A broker that blocks publishers does not answer.</summary>
    private static readonly TimeSpan AppendTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The messages that were read. A new object replaces it where messages were missed, or another stream begins.</summary>
    private SeenMessages _seen = new(NodesRemembered);

    /// <summary>The ids of the history. A replaced stream gets a new object: the old one verifies ids until the old history is gone.</summary>
    private StreamEventIds _ids = new();

    /// <summary>The bytes of the last message. They show after a reconnection whether the stream is the same one.</summary>
    private ArrayBufferWriter<byte> _lastBody = new();

    /// <summary>The offset of the last message; null for none.</summary>
    private long? _lastOffset;

    /// <summary>The position of the last event of the last message.</summary>
    private EventPosition _lastPosition;

    /// <summary>True until the first message after a reconnection has shown whether it is the same stream.</summary>
    private bool _isResuming;

    /// <summary>True while events go into the history alone.</summary>
    private bool _isCatchingUp = true;

    /// <summary>The offset of the marker that ends the catching up.</summary>
    private long _markerOffset;

    private TaskCompletionSource _reached = new();

    /// <summary>Takes over the publisher. Call before the first connection.</summary>
    internal void Begin()
    {
        delivery.SetCaughtUp(false);
        delivery.Restart(_ids, before: default);
    }

    /// <summary>Starts to read, and returns when the node has reached the end of the stream.</summary>
    internal async Task AttachAsync(IStreamReader reader, Task<Exception> lost, CancellationToken cancellationToken)
    {
        _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _markerOffset = await AppendMarkerAsync(reader, cancellationToken).ConfigureAwait(false);
        if (_markerOffset <= _lastOffset)
            StartAgain();
        _isResuming = _lastOffset is not null;
        var start = new StreamStart(settings.ReadBack == TimeSpan.Zero ? _lastOffset ?? _markerOffset : _lastOffset, settings.ReadBack);
        stallDetector.SetMarkerAwaited(true);
        await ConnectionLoop.ObserveFailure(reader.ReadAsync(start, Read, cancellationToken)).WaitAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAny(_reached.Task, lost).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!_reached.Task.IsCompleted)
            throw await lost.ConfigureAwait(false);
        delivery.SetCaughtUp(true);
    }

    /// <summary>Notes that the connection is lost.</summary>
    internal void Detach() => delivery.SetCaughtUp(false);

    /// <summary>Notes that nothing more is read.</summary>
    internal void End() => delivery.End();

    private async Task<long> AppendMarkerAsync(IStreamReader reader, CancellationToken cancellationToken)
    {
        var marker = MessageFormat.Encode();
        // A random node number gives each marker another check.
        var id = new MessageId((ulong)Random.Shared.NextInt64(), Sequence: 1);
        MessageFormat.Stamp(marker, id, MessageFormat.NowOf(settings.TimeProvider), isRetransmission: false);
        try
        {
            return await ConnectionLoop.ObserveFailure(reader.AppendAsync(marker, cancellationToken))
                .WaitAsync(AppendTimeout, settings.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"The broker has not taken a marker for {AppendTimeout}. It may block publishers.", exception);
        }
    }

    private void Read(long offset, MessageOrder order, ReadOnlySpan<byte> body)
    {
        var sequence = 0UL;
        stallDetector.BeginMessage();
        try
        {
            ReadMessage(offset, order, body, ref sequence);
            // Handlers of the application can run here, and their time does not count.
            if (offset >= _markerOffset && !_reached.Task.IsCompleted)
                ReachEnd(offset, sequence);
        }
        finally
        {
            stallDetector.EndMessage(sequence);
            lag.EndDelivery();
        }
    }

    /// <summary>Ends the wait for the marker, at the marker or at a later message if the marker is gone.</summary>
    private void ReachEnd(long offset, ulong sequence)
    {
        if (_isCatchingUp)
        {
            _isCatchingUp = false;
            delivery.EndAll();
            Log.CaughtUp(settings.Logger, stream, offset);
        }
        else if (stallDetector.IsMissing(sequence))
        {
            // The broker has lost a message that it had confirmed.
            Log.Lost(settings.Logger, stream, offset, offset);
            metrics.Gaps.Increment();
            RestartHistory(_lastPosition);
        }

        stallDetector.SetMarkerAwaited(false);
        _reached.TrySetResult();
    }

    /// <summary>Reads a message.</summary>
    /// <param name="offset">The offset of the message.</param>
    /// <param name="order">The relation to the message before.</param>
    /// <param name="body">The message.</param>
    /// <param name="sequence">Becomes the sequence of a message of this node, also if this method throws.</param>
    private void ReadMessage(long offset, MessageOrder order, ReadOnlySpan<byte> body, ref ulong sequence)
    {
        if (!TryAccept(offset, order, body))
            return;
        var result = MessageFormat.Decode(body, out var message);
        var (check, items) = result == DecodeResult.Decoded ? (message.Id.Check, message.Items.Count) : (0, 0);
        _lastPosition = new EventPosition(StreamPosition.Of(offset, Math.Max(0, items - 1)), check);
        sequence = message.Id.Node == node ? message.Id.Sequence : 0;
        // Free the memory of a large message when the next one comes.
        if (_lastBody.Capacity > LargestReusedBuffer)
            _lastBody = new();
        _lastBody.ResetWrittenCount();
        _lastBody.Write(body);
        _lastOffset = offset;
        var isComplete = false;
        try
        {
            _ids.Add(offset, check);
            if (result == DecodeResult.Decoded)
                isComplete = TryTake(offset, message);
            else
                Skip(offset, result, body);
        }
        finally
        {
            // After a reconnection, this message counts as read. If clients may miss events of it, they start after it.
            if (!isComplete)
            {
                metrics.Gaps.Add(_isCatchingUp ? 0 : 1);
                delivery.Restart(_ids, _lastPosition);
            }
        }

        delivery.Advance(_lastPosition);
    }

    private void Skip(long offset, DecodeResult result, ReadOnlySpan<byte> body)
    {
        if (result == DecodeResult.UnknownVersion)
        {
            metrics.Skipped.Increment();
            Log.UnknownVersion(settings.Logger, stream, offset, body[0]);
        }
        else
        {
            metrics.Damaged.Increment();
            Log.Damaged(settings.Logger, stream, offset);
        }
    }

    /// <summary>Delivers a message once. Returns false if it is not certain that the clients have its events.</summary>
    private bool TryTake(long offset, in StreamMessage message)
    {
        lag.BeginDelivery(Math.Max(0, (MessageFormat.NowOf(settings.TimeProvider) - message.SentAt) / MicrosecondsPerSecond));
        delivery.EndUnknown(offset);
        var items = message.Items;
        var seen = items.Count == 0 ? DuplicateCheck.New : _seen.Add(message.Id, message.IsRetransmission);
        if (seen != DuplicateCheck.New)
        {
            metrics.Redelivered.Add(seen == DuplicateCheck.Duplicate ? 1 : 0);
            return seen == DuplicateCheck.Duplicate;
        }

        // Nothing after a failure is delivered: a client could resume from it.
        var (place, check) = (0, message.Id.Check);
        while (place < items.Count && delivery.TryDeliver(new(StreamPosition.Of(offset, place), check), items[place], _isCatchingUp))
            place++;
        metrics.Delivered.Add(_isCatchingUp ? 0 : place);
        return place == items.Count;
    }
}
