using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// The scheduler that writes to all responses of the process with a few work items of the thread pool. The ready list has each copy
/// with something to write once. A worker takes a copy from the list, and the copy writes everything that is queued with one flush.
/// </summary>
/// <remarks>
/// After a few copies, a worker goes to the end of the thread pool's queue. Other threads publish in between, and the
/// waiting queues fill up. So events are batched under load, and each event is flushed at once without load.
/// </remarks>
internal sealed class CopyScheduler
{
    /// <summary>
    /// The smallest number of copies in a turn. It keeps a turn short, and is large enough to make its overhead small.
    /// </summary>
    private const int CopiesPerTurn = 8;

    /// <summary>
    /// A turn can last for one eighth of the time that the worker waited in the pool's queue. On a busy pool, turns are rare, so each
    /// of them does more. A larger part made batches smaller, and halved the throughput of publishing.
    /// </summary>
    private const int TurnDivisor = 8;

    /// <summary>The time between two checks of the workers. A worker that is in the same write at both is replaced.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly int _maxWorkers;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _watch;

    /// <summary>The copies that wait for a worker. Guarded by <see cref="_gate"/>.</summary>
    private ReadyList _ready;

    /// <summary>The workers that are not stuck. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<Worker> _workers = [];

    /// <summary>Workers without work, to be used again. Guarded by <see cref="_gate"/>.</summary>
    private readonly Stack<Worker> _idle = new();

    /// <summary>True while <see cref="_watch"/> is set. Guarded by <see cref="_gate"/>.</summary>
    private bool _isWatching;

    internal CopyScheduler(int maxWorkers, TimeProvider time)
    {
        _maxWorkers = maxWorkers;
        _time = time;
        _watch = time.CreateDetachedTimer(
            static scheduler => ((CopyScheduler)scheduler!).Watch(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// The scheduler of the process, because all publishers share the processors. A single processor has two workers, so that
    /// one blocked writer does not stop the others. The systematic tests replace it.
    /// </summary>
    internal static CopyScheduler Shared { get; private set; } =
        new(Math.Max(2, Environment.ProcessorCount), TimeProvider.System);

    /// <summary>Puts copies on the ready list. Never waits, and runs no code of the application.</summary>
    internal void Add(in ReadyList ready)
    {
        if (ready.Count == 0)
            return;
        lock (_gate)
        {
            _ready.Append(ready);
            StartWorkers_NeedsLock();
        }
    }

    /// <summary>Puts one copy on the ready list.</summary>
    internal void Add(QueueCopy copy)
    {
        ReadyList ready = default;
        ready.Add(copy);
        Add(ready);
    }

    private void StartWorkers_NeedsLock()
    {
        for (var i = 0; i < _ready.Count && _workers.Count < _maxWorkers; i++)
        {
            var worker = _idle.Count > 0 ? _idle.Pop() : new Worker(this);
            _workers.Add(worker);
            worker.Queue();
        }

        if (_isWatching)
            return;
        _isWatching = true;
        _watch.Change(WatchInterval, WatchInterval);
    }

    /// <summary>
    /// Takes the next copy. Returns null, and the worker stops, if there is none or if the worker was replaced.
    /// </summary>
    private QueueCopy? Take(Worker worker)
    {
        lock (_gate)
        {
            if (worker.IsReplaced)
                return null;
            if (_ready.RemoveFirst() is { } copy)
                return copy;
            _workers.Remove(worker);
            _idle.Push(worker);
            return null;
        }
    }

    /// <summary>Replaces workers that have been inside one writer since the last check.</summary>
    private void Watch()
    {
        lock (_gate)
        {
            _workers.RemoveAll(static worker => worker.TryMarkReplaced());
            if (_ready.Count > 0)
                StartWorkers_NeedsLock();
            if (_workers.Count > 0)
                return;
            _isWatching = false;
            _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Worker(CopyScheduler scheduler)
#if NET
        : IThreadPoolWorkItem
#endif
    {
        /// <summary>The time at which the worker was queued to the thread pool.</summary>
        private long _queuedAt;

        /// <summary>The number of the write that is under way; 0 for none.</summary>
        private long _write;

        private long _writes;

        /// <summary>The write at the last check. Guarded by the scheduler's lock.</summary>
        private long _seenWrite;

        /// <summary>True if the worker was stuck and another one has taken its place. Guarded by the scheduler's lock.</summary>
        internal bool IsReplaced { get; private set; }

        /// <summary>Puts this worker at the end of the thread pool's queue.</summary>
        internal void Queue()
        {
            _queuedAt = scheduler._time.GetTimestamp();
#if NET
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
#else
            ThreadPool.UnsafeQueueUserWorkItem(static worker => ((Worker)worker!).Execute(), this);
#endif
        }

        /// <summary>Works for one turn.</summary>
        public void Execute()
        {
            var start = scheduler._time.GetTimestamp();
            var end = start + ((start - _queuedAt) / TurnDivisor);
            for (var i = 0; i < CopiesPerTurn || scheduler._time.GetTimestamp() < end; i++)
            {
                if (scheduler.Take(this) is not { } copy)
                    return;
                Volatile.Write(ref _write, ++_writes);
                copy.BecomeWriting();
                copy.Write();
                Volatile.Write(ref _write, 0);
            }

            Queue();
        }

        /// <summary>
        /// Marks the worker as replaced if it is in the same write as at the last check. Returns false if it is not. Needs the scheduler's
        /// lock.
        /// </summary>
        internal bool TryMarkReplaced()
        {
            var write = Volatile.Read(ref _write);
            IsReplaced = write != 0 && write == _seenWrite;
            _seenWrite = write;
            return IsReplaced;
        }
    }
}
