using System.IO.Pipelines;
using System.Text;
using Microsoft.Coyote.Random;
using Microsoft.Coyote.Runtime;
using Microsoft.Coyote.Specifications;

namespace ServerSentEvents.Systematic;

/// <summary>
/// A pipe writer whose flushes complete at once or later, as Coyote chooses. It fails if two threads use it at a time, or
/// if anything uses it after the copy has ended.
/// </summary>
internal sealed class CheckedPipeWriter : PipeWriter
{
    /// <summary>A copy gives up after 16 canceled flushes in a row. Fewer make schedules shorter.</summary>
    private const int MaxCanceledFlushes = 3;

    private readonly byte[] _memory = new byte[1024];
    private readonly List<byte> _written = [];
    private readonly Generator _choice = Generator.Create();
    private readonly object _gate = new();

    /// <summary>The flush that has not completed; null if none. Guarded by _gate.</summary>
    private TaskCompletionSource<FlushResult>? _pending;

    /// <summary>How many bytes the last completed flush has delivered.</summary>
    private int _flushed;

    /// <summary>The flushes that other code has canceled since the last one that was not canceled.</summary>
    private int _canceledFlushes;

    private int _users;
    private bool _isReturned;

    /// <summary>A flush completes only when it is canceled, as of a client that has stopped reading.</summary>
    internal bool IsBlocked { get; init; }

    /// <summary>A flush may be canceled although nothing has ended, as by another user of the pipe.</summary>
    internal bool MayCancelFlushes { get; init; }

    /// <summary>The reader of the pipe can leave: a flush says so, as of a client that has disconnected.</summary>
    internal bool MayComplete { get; init; }

    /// <summary>Each flush completes at once.</summary>
    internal bool IsFast { get; init; }

    /// <summary>Blocks the thread that flushes, against the rules, until it completes; null for a writer that does not block.</summary>
    internal TaskCompletionSource? Blocker { get; init; }

    /// <summary>Completes when a thread is blocked.</summary>
    internal TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Counts the threads that use this writer or others; null where they are not counted.</summary>
    internal UserCount? Users { get; init; }

    /// <summary>Everything written, flushed or not.</summary>
    internal string Written => Encoding.UTF8.GetString(_written.ToArray());

    /// <summary>Everything that a completed flush has delivered.</summary>
    internal string Flushed => Encoding.UTF8.GetString(_written.GetRange(0, _flushed).ToArray());

    /// <summary>Gives the writer back to the caller of the copy: every later use by the copy is a failure.</summary>
    internal void Return() => _isReturned = true;

    public override void Advance(int bytes)
    {
        Enter(nameof(Advance));
        _written.AddRange(_memory.AsSpan(0, bytes).ToArray());
        Leave();
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Enter(nameof(GetMemory));
        Leave();
        return _memory;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Enter(nameof(FlushAsync));
        try
        {
            if (cancellationToken.IsCancellationRequested)
                return new(Task.FromCanceled<FlushResult>(cancellationToken));
            if (Blocker is not null)
            {
                Blocked.TrySetResult();
                Blocker.Task.Wait(CancellationToken.None);
            }

            if (MayComplete && _choice.NextBoolean())
                return new(new FlushResult(isCanceled: false, isCompleted: true));
            if (IsFast || (!IsBlocked && _choice.NextBoolean()))
            {
                Succeed();
                return new(new FlushResult(isCanceled: false, isCompleted: false));
            }

            var flush = new TaskCompletionSource<FlushResult>();
            lock (_gate)
                _pending = flush;
            cancellationToken.Register(() => TakePending()?.SetException(new OperationCanceledException(cancellationToken)));
            if (!IsBlocked)
            {
                var isCanceled = MayCancelFlushes && _canceledFlushes < MaxCanceledFlushes && _choice.NextBoolean();
                ThreadPool.UnsafeQueueUserWorkItem(_ => CompleteFlush(isCanceled), state: null);
            }

            return new(flush.Task);
        }
        finally
        {
            Leave();
        }
    }

    public override void CancelPendingFlush() =>
        Specification.Assert(false, "The copy canceled a flush as if it were the caller, and not by the token.");

    public override void Complete(Exception? exception = null) => Specification.Assert(false, "The copy completed the caller's writer.");

    private void CompleteFlush(bool isCanceled)
    {
        if (TakePending() is not { } flush)
            return;
        if (isCanceled)
            _canceledFlushes++;
        else
            Succeed();
        flush.SetResult(new FlushResult(isCanceled, isCompleted: false));
    }

    private void Succeed()
    {
        _flushed = _written.Count;
        _canceledFlushes = 0;
    }

    /// <summary>Returns the flush that is to be completed now, by the caller alone; null if none, or if another thread has it.</summary>
    private TaskCompletionSource<FlushResult>? TakePending()
    {
        lock (_gate)
        {
            var flush = _pending;
            _pending = null;
            return flush;
        }
    }

    private void Enter(string method)
    {
        ThrowIfReturned(method);
        Specification.Assert(Interlocked.Increment(ref _users) == 1, "{0} was called while the writer was in use.", method);
        Specification.Assert(Volatile.Read(ref _pending) is null, "{0} was called during a flush.", method);
        Users?.Enter();
        SchedulingPoint.Interleave();
    }

    private void Leave()
    {
        Users?.Leave();
        Interlocked.Decrement(ref _users);
    }

    private void ThrowIfReturned(string method) =>
        Specification.Assert(!_isReturned, "{0} was called after the copy had ended.", method);
}

/// <summary>The number of threads that use one of several writers.</summary>
internal sealed class UserCount(int max)
{
    private int _users;

    internal void Enter() =>
        Specification.Assert(Interlocked.Increment(ref _users) <= max, "More than {0} threads are in writers at a time.", max);

    internal void Leave() => Interlocked.Decrement(ref _users);
}
