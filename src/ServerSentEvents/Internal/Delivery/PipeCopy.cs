using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// The copy of one subscription to its response. An idle copy uses no thread and no buffer. A flush that waits for the client
/// uses no thread.
/// </summary>
/// <remarks>
/// <see cref="Write"/> is called by one worker at a time, and never during a flush; see <see cref="CopyState"/>. Everything
/// that can run the application's handlers happens on a separate work item, in <see cref="Finish"/>.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Another thread can cancel the flush at any time. Without a timer, the token source holds nothing to dispose.")]
internal sealed partial class PipeCopy<TProperties> : QueueCopy
{
    /// <summary>The largest number of bytes in one flush, so that no long queue or large event is copied as a whole.</summary>
    internal const int BytesPerFlush = 64 * 1024;

    /// <summary>The limit for a slow client after the end. Smaller flushes show its progress sooner.</summary>
    private const int BytesPerLingeringFlush = 8 * 1024;

    /// <summary>The largest number of canceled flushes in a row. After more, the writer counts as broken.</summary>
    private const int MaxCanceledFlushes = 16;

    private readonly Subscription<TProperties> _subscription;
    private readonly SubscriptionQueue _queue;
    private readonly PipeWriter _writer;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _registration;

    /// <summary>The source that cancels a flush when the subscription is ended at once.</summary>
    private readonly CancellationTokenSource _flushCancellation = new();

    /// <summary>The source of the task, which completes when the copy has ended. Continuations run on another thread.</summary>
    private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The frame that is being written; null for none.</summary>
    private Frame? _frame;

    /// <summary>The number of bytes of <see cref="_frame"/> that have been written.</summary>
    private int _offset;

    /// <summary>True if the last flush had to wait for the client.</summary>
    private bool _isSlow;

    /// <summary>True while a flush waits for the client.</summary>
    private volatile bool _isWaiting;

    /// <summary>The number of bytes that the last flush has to send. Written before <see cref="_isWaiting"/>.</summary>
    private int _written;

    /// <summary>The number of flushes in a row that other code has canceled. Their bytes have to be flushed again.</summary>
    private int _canceledFlushes;

    private PipeCopy(
        Subscription<TProperties> subscription, SubscriptionQueue queue, PipeWriter writer, CancellationToken cancellationToken)
    {
        _subscription = subscription;
        _queue = queue;
        _writer = writer;
        _cancellationToken = cancellationToken;
        // This ends the subscription. Finish calls the handlers.
        _registration = cancellationToken.RegisterDetached(
            static subscription => ((Subscription<TProperties>)subscription!).CancelCopy(), subscription);
    }

    /// <inheritdoc/>
    internal override int FlushingBytes => _isWaiting ? _written : 0;

    /// <summary>Starts to copy. The task completes when the copy has ended.</summary>
    internal static Task Start(
        Subscription<TProperties> subscription, SubscriptionQueue queue, PipeWriter writer, CancellationToken cancellationToken)
    {
        // Proxies hold the headers of a response back until its first byte, which must not wait for a load.
        if (queue.PendingLoad is not null)
            queue.EnsureFirstByte();
        var copy = new PipeCopy<TProperties>(subscription, queue, writer, cancellationToken);
        // Attach only a fully constructed copy: from now on, a worker can run it to its end.
        subscription.Attach(copy);
        // Frames can be queued already, or the subscription can have ended. They are written before a load.
        copy.Signal();
        if (queue.PendingLoad is { } load)
            _ = copy.LoadAsync(load);
        return copy._completion.Task;
    }

    /// <inheritdoc/>
    internal override void Write()
    {
        try
        {
            // After a canceled flush, flush the same bytes again before anything else is written.
            if (_canceledFlushes == 0 && !WriteQueued())
            {
                Continue();
                return;
            }

            var flush = _writer.FlushAsync(_flushCancellation.Token);
            _isSlow = !flush.IsCompleted;
            if (flush.IsCompleted)
                AfterFlush(flush.GetAwaiter().GetResult());
            else
                _ = WaitForFlushAsync(flush);
        }
        catch (Exception exception)
        {
            // An exception of the writer ends its own subscription, and nothing else.
            EndFlush(exception);
        }
    }

    private async Task LoadAsync(InitialLoad load)
    {
        load.Start();
        // Heartbeats end a wait, too.
        while (load.Wait is { } wait)
            await wait.ConfigureAwait(false);
        Signal();
    }

    /// <summary>Fills the writer. Returns whether there is something to flush.</summary>
    private bool WriteQueued()
    {
        var limit = _isSlow && _queue.IsCompleted ? BytesPerLingeringFlush : BytesPerFlush;
        var written = 0;
        // Get the writer's memory once and fill it with many frames: a call of GetSpan costs more than copying a frame.
        Span<byte> memory = default;
        var filled = 0;
        while (written < limit && !_queue.IsAborted && (_frame is not null || _queue.TryRead(out _frame)))
        {
            if (filled == memory.Length)
            {
                if (filled > 0)
                    _writer.Advance(filled);
                memory = _writer.GetSpan();
                filled = 0;
            }

            var copied = _frame!.CopyTo(memory.Slice(filled, Math.Min(memory.Length - filled, limit - written)), _offset);
            filled += copied;
            written += copied;
            _offset += copied;
            _queue.Release(copied);
            if (_offset < _frame.Length)
                continue;
            _queue.CountDelivery(_frame);
            _frame = null;
            _offset = 0;
        }

        if (filled > 0)
            _writer.Advance(filled);
        _written = written;
        if (written >= limit)
            Signal();
        return written > 0 && !_queue.IsAborted;
    }

    private async Task WaitForFlushAsync(ValueTask<FlushResult> flush)
    {
        _isWaiting = true;
        // With the barrier in Abort: either this sees that the queue is aborted, or CancelFlush sees the flush.
        Interlocked.MemoryBarrier();
        if (_queue.IsAborted)
            _flushCancellation.CancelOnThreadPool();
        try
        {
            var result = await flush.ConfigureAwait(false);
            _isWaiting = false;
            AfterFlush(result);
        }
        catch (Exception exception)
        {
            EndFlush(exception);
        }
    }

    private void AfterFlush(FlushResult result)
    {
        if (result.IsCompleted)
        {
            End(failure: null);
            return;
        }

        var isRepeated = _canceledFlushes > 0;
        _canceledFlushes = result.IsCanceled ? _canceledFlushes + 1 : 0;
        if (_canceledFlushes > MaxCanceledFlushes)
        {
            End(new IOException("The writer's flushes were canceled again and again, though not by this subscription."));
            return;
        }

        // Repeat a canceled flush. After the repetition, look at the queue again.
        if (result.IsCanceled || isRepeated)
            Signal();
        Continue();
    }

    private void Continue()
    {
        if (_queue.IsAborted || (_queue.IsFinished && _frame is null && _canceledFlushes == 0))
        {
            if (_queue.LoadFailure is not null)
                _subscription.CopyFailure = CopyFailure.Load;
            End(_queue.LoadFailure);
        }
        else if (!TryBecomeIdle())
        {
            CopyScheduler.Shared.Add(this);
        }
    }

    private void Signal()
    {
        if (TryBecomeReady())
            CopyScheduler.Shared.Add(this);
    }
}
