using System.IO.Pipelines;
using System.Text;
using Microsoft.Coyote.Random;
using Microsoft.Coyote.Runtime;
using Microsoft.Coyote.Specifications;

namespace ServerSentEvents.Systematic;

/// <summary>
/// A pipe writer whose flushes complete at once or later, as Coyote chooses. The writer fails if two threads use it at the same
/// time, or if the copy uses it after the copy has ended.
/// </summary>
internal sealed class CheckedPipeWriter : PipeWriter
{
    /// <summary>The largest number of canceled flushes in a row. A copy allows 16, but fewer make schedules shorter.</summary>
    private const int MaxCanceledFlushes = 3;

    private readonly byte[] _memory = new byte[1024];
    private readonly List<byte> _written = [];
    private readonly Generator _choice = Generator.Create();
    private readonly object _gate = new();

    /// <summary>The pending flush; null if none. Guarded by _gate.</summary>
    private TaskCompletionSource<FlushResult>? _pending;

    /// <summary>The number of bytes that completed flushes have delivered.</summary>
    private int _flushed;

    /// <summary>The number of flushes in a row that other code has canceled.</summary>
    private int _canceledFlushes;

    private int _users;
    private bool _isReturned;

    /// <summary>True if flushes complete only when they are canceled, as for a client that has stopped reading.</summary>
    internal bool IsBlocked { get; init; }

    /// <summary>True if another user of the pipe may cancel a flush while the copy continues.</summary>
    internal bool MayCancelFlushes { get; init; }

    /// <summary>True if a flush may report that the reader is complete, as for a client that has disconnected.</summary>
    internal bool MayComplete { get; init; }

    /// <summary>True if each flush completes at once.</summary>
    internal bool IsFast { get; init; }

    /// <summary>The task that each flush waits for by blocking its thread, against the rules; null to not block.</summary>
    internal TaskCompletionSource? Blocker { get; init; }

    /// <summary>A task that completes when a thread is blocked.</summary>
    internal TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The count of the threads that use this writer or other writers; null to not count.</summary>
    internal UserCount? Users { get; init; }

    /// <summary>All written bytes, flushed or not.</summary>
    internal string Written => Encoding.UTF8.GetString(_written.ToArray());

    /// <summary>All bytes that completed flushes have delivered.</summary>
    internal string Flushed => Encoding.UTF8.GetString(_written.GetRange(0, _flushed).ToArray());

    /// <summary>Returns the writer to the caller of the copy. After this call, each use by the copy is a failure.</summary>
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
        Specification.Assert(false, "The copy called CancelPendingFlush. Only the caller may do this.");

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

    /// <summary>Takes the pending flush. Only the caller may complete it. Returns null if no flush is pending.</summary>
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

/// <summary>The number of threads that use one of several writers, with a limit.</summary>
internal sealed class UserCount(int max)
{
    private int _users;

    internal void Enter() =>
        Specification.Assert(Interlocked.Increment(ref _users) <= max, "More than {0} threads are in writers at a time.", max);

    internal void Leave() => Interlocked.Decrement(ref _users);
}
