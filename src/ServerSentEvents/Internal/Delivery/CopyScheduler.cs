using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// Writes to all responses of the process, by a few work items of the thread pool. A queue with something to write stands
/// once on the ready list. A worker takes it from there and writes all that has come until then with one flush.
/// </summary>
/// <remarks>
/// After a few queues a worker goes to the end of the thread pool's queue. Publishing comes in between, and the queues that
/// still wait fill up: under load events are batched by themselves, and without load each is flushed at once.
/// </remarks>
internal sealed class CopyScheduler
{
    /// <summary>The smallest turn. Publishing is not kept waiting for long, and a turn costs little next to its work.</summary>
    private const int QueuesPerTurn = 8;

    /// <summary>
    /// The part of the time that it has waited for which a worker goes on. Where the pool is busy with other work, a turn
    /// comes late and does more; a larger part made batches smaller and halved the throughput of publishing.
    /// </summary>
    private const int TurnDivisor = 8;

    /// <summary>How long a worker can be inside one writer before another worker takes its place.</summary>
    private static readonly TimeSpan StuckTime = TimeSpan.FromMilliseconds(100);

    private readonly int _maxWorkers;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _watch;

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private ReadyList _ready;

    /// <summary>The workers that are not stuck. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<Worker> _workers = [];

    /// <summary>Workers to use again. Guarded by <see cref="_gate"/>.</summary>
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
    /// The scheduler of the process: processors are shared by all publishers. There are two workers on a single processor, so
    /// that a writer that blocks does not stop the others until it is replaced.
    /// </summary>
    internal static CopyScheduler Shared { get; private set; } = new(Math.Max(2, Environment.ProcessorCount), TimeProvider.System);

    /// <summary>Puts queues on the ready list. Never waits, and runs no code of the application.</summary>
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

    /// <summary>Puts one queue on the ready list.</summary>
    internal void Add(SubscriptionQueue queue)
    {
        ReadyList ready = default;
        ready.Add(queue);
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
        _watch.Change(StuckTime, StuckTime);
    }

    /// <summary>Takes the next queue; null if there is none, or if the worker was replaced, and it has to stop.</summary>
    private SubscriptionQueue? Take(Worker worker)
    {
        lock (_gate)
        {
            if (worker.IsReplaced)
                return null;
            if (_ready.RemoveFirst() is { } queue)
                return queue;
            _workers.Remove(worker);
            _idle.Push(worker);
            return null;
        }
    }

    /// <summary>Replaces workers that have been inside one writer since the last look.</summary>
    private void Watch()
    {
        lock (_gate)
        {
            _workers.RemoveAll(static worker => worker.IsStuck());
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
        /// <summary>When it was queued to the thread pool.</summary>
        private long _queuedAt;

        /// <summary>The number of the write that it is in; 0 while it is in none.</summary>
        private long _write;

        private long _writes;

        /// <summary>The write at the last look. Guarded by the scheduler's lock.</summary>
        private long _seenWrite;

        /// <summary>True if it was stuck, and another worker has its place. Guarded by the scheduler's lock.</summary>
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
            for (var i = 0; i < QueuesPerTurn || scheduler._time.GetTimestamp() < end; i++)
            {
                if (scheduler.Take(this) is not { } queue)
                    return;
                Volatile.Write(ref _write, ++_writes);
                queue.CopyState.BecomeWriting();
                queue.Copy!.Write();
                Volatile.Write(ref _write, 0);
            }

            Queue();
        }

        /// <summary>Returns whether it is in the same write as at the last look. Needs the scheduler's lock.</summary>
        internal bool IsStuck()
        {
            var write = Volatile.Read(ref _write);
            IsReplaced = write != 0 && write == _seenWrite;
            _seenWrite = write;
            return IsReplaced;
        }
    }
}
