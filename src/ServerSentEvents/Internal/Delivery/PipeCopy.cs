using System.Buffers;
using System.IO.Pipelines;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// One subscriber's way into its response: what is queued, as bytes, by one flush. It costs nothing while nothing is queued,
/// and holds no thread while a flush is under way.
/// </summary>
/// <remarks>
/// Its state says who may write: <see cref="Write"/> is called by one pump at a time, and never during a flush. Signals come
/// from any thread, also from under the registry's lock.
/// </remarks>
internal abstract class PipeCopy
{
    /// <summary>Nothing is queued, as far as anybody has said.</summary>
    private const int Idle = 0;

    /// <summary>On the ready list.</summary>
    private const int Ready = 1;

    /// <summary>A pump is writing, or a flush is under way.</summary>
    private const int Busy = 2;

    /// <summary>The same, and something has come meanwhile.</summary>
    private const int BusyAndReady = 3;

    private const int NotFlushing = 0;

    /// <summary>A flush is waiting for a reader that may not read.</summary>
    private const int Flushing = 1;

    /// <summary>The same, and somebody is about to cancel it, whom it must not outrun: the writer is the caller's again after it.</summary>
    private const int Canceling = 2;

    private const int Canceled = 3;

    /// <summary>It has ended before whoever cancels it was through, and who now goes on in its stead.</summary>
    private const int FlushedWhileCanceling = 4;

    /// <summary>How many bytes are written before a flush, so that a long queue is not copied into memory as a whole.</summary>
    private const int BytesInAFlush = 64 * 1024;

    private readonly SubscriptionQueue _queue;
    private readonly PipeWriter _writer;

    private int _state;

    /// <summary>Whether a flush is waiting, changed by interlocked operations.</summary>
    private int _flush;

    /// <summary>What the flush that waited came to: set before it goes on.</summary>
    private FlushResult _flushed;
    private Exception? _flushFailure;

    /// <summary>Somebody else has canceled a flush: what was written may not have gone.</summary>
    private bool _unflushed;

    protected PipeCopy(SubscriptionQueue queue, PipeWriter writer)
    {
        _queue = queue;
        _writer = writer;
    }

    /// <summary>Something has been queued, or the queue has ended.</summary>
    internal void Signal()
    {
        var state = Volatile.Read(ref _state);
        while (state is Idle or Busy)
        {
            var before = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (before == state)
            {
                if (state == Idle)
                    CopyScheduler.Shared.Add(this);
                return;
            }

            state = before;
        }
    }

    /// <summary>The subscription ends now: a flush that waits is not waited for.</summary>
    internal void CutOff()
    {
        if (Interlocked.CompareExchange(ref _flush, Canceling, Flushing) != Flushing)
            return;
        try
        {
            _writer.CancelPendingFlush();
        }
        catch (Exception)
        {
            // A writer that cannot do this is waited for; the end of its subscription goes on.
        }

        if (Interlocked.CompareExchange(ref _flush, Canceled, Canceling) == FlushedWhileCanceling)
            GoOnAfterFlush();
    }

    /// <summary>Writes what is queued, and flushes it. To be called by a pump, once for each time that this was put on the list.</summary>
    internal void Write()
    {
        Volatile.Write(ref _state, Busy);
        try
        {
            if (!WriteQueued())
            {
                GoOn();
                return;
            }

            var flush = _writer.FlushAsync(CancellationToken.None);
            if (flush.IsCompleted)
                AfterFlush(flush.GetAwaiter().GetResult());
            else
                _ = AfterFlushAsync(flush);
        }
        catch (Exception exception)
        {
            // Whatever a writer throws is the end of its own subscription, and of nothing else.
            Finish(exception);
        }
    }

    /// <summary>The copying has ended, by the stream's end, the reader's, or a failure.</summary>
    protected abstract void Finish(Exception? failure);

    private bool WriteQueued()
    {
        var written = 0;
        // The writer's memory is asked for once and filled with many frames: each time that costs more than copying a frame.
        Span<byte> memory = default;
        var filled = 0;
        while (written < BytesInAFlush && _queue.TryDequeue(out var frame))
        {
            var bytes = frame.Utf8;
            if (memory.IsEmpty)
                memory = _writer.GetSpan();
            if (bytes.Length <= memory.Length - filled)
            {
                bytes.CopyTo(memory[filled..]);
                filled += bytes.Length;
            }
            else
            {
                _writer.Advance(filled);
                _writer.Write(bytes);
                memory = default;
                filled = 0;
            }

            written += bytes.Length;
        }

        if (filled > 0)
            _writer.Advance(filled);
        if (written >= BytesInAFlush)
            Signal();
        return (written > 0 || _unflushed) && !_queue.IsCutOff;
    }

    /// <summary>Goes on when the client has taken what was written, by whoever tells of it: no pump waits.</summary>
    private async Task AfterFlushAsync(ValueTask<FlushResult> flush)
    {
        Interlocked.Exchange(ref _flush, Flushing);
        // Each side says its own before it looks at the other's, so that one of them sees that there is a flush to cancel.
        if (_queue.IsCutOff)
            CutOff();

        try
        {
            _flushed = await flush.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _flushFailure = exception;
        }

        if (Interlocked.CompareExchange(ref _flush, FlushedWhileCanceling, Canceling) != Canceling)
            GoOnAfterFlush();
    }

    private void GoOnAfterFlush()
    {
        Interlocked.Exchange(ref _flush, NotFlushing);
        if (_flushFailure is null)
            AfterFlush(_flushed);
        else
            Finish(_flushFailure);
    }

    private void AfterFlush(FlushResult result)
    {
        _unflushed = result.IsCanceled;
        if (result.IsCompleted)
        {
            Finish(failure: null);
            return;
        }

        if (_unflushed)
            Signal();
        GoOn();
    }

    private void GoOn()
    {
        if (_queue.IsFinished)
        {
            Finish(failure: null);
        }
        else if (Interlocked.CompareExchange(ref _state, Idle, Busy) != Busy)
        {
            Volatile.Write(ref _state, Ready);
            CopyScheduler.Shared.Add(this);
        }
    }
}
