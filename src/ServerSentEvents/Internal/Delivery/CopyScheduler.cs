using System.Collections.Concurrent;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// Writes to all responses, by a few work items of the thread pool. A subscriber with something queued stands once in the
/// ready list; a pump takes it from there, and writes all that has come until then by one flush.
/// </summary>
/// <remarks>
/// After a few subscribers a pump goes to the end of the thread pool's queue. Publishing comes in between, and the queues of
/// those who still wait fill up: under load events are batched by themselves, and without it each is flushed at once.
/// </remarks>
internal sealed class CopyScheduler
#if NET
    : IThreadPoolWorkItem
#endif
{
    /// <summary>So few that publishing is not kept waiting; one by one would be all turns and no work.</summary>
    private const int SubscribersInATurn = 8;

    /// <summary>A second one where there is a single processor, lest a writer that blocks holds everybody up.</summary>
    private static readonly int MaxPumps = Math.Max(2, Environment.ProcessorCount);

    private readonly ConcurrentQueue<PipeCopy> _ready = new();

    /// <summary>How many work items there are, changed by interlocked operations.</summary>
    private int _pumps;

    /// <summary>The pump of the process: processors are shared by all publishers.</summary>
    internal static CopyScheduler Shared { get; } = new();

    /// <summary>Puts a copy on the ready list. Never waits, and calls nobody's code.</summary>
    internal void Add(PipeCopy copy)
    {
        _ready.Enqueue(copy);
        EnsurePump();
    }

    /// <summary>One turn.</summary>
    public void Execute()
    {
        for (var i = 0; i < SubscribersInATurn; i++)
        {
            if (!_ready.TryDequeue(out var copy))
            {
                Interlocked.Decrement(ref _pumps);
                // Somebody may have come after the look and before the decrement, and found pumps enough.
                if (!_ready.IsEmpty)
                    EnsurePump();
                return;
            }

            copy.Write();
        }

        Queue();
    }

    private void EnsurePump()
    {
        var pumps = Volatile.Read(ref _pumps);
        while (pumps < MaxPumps)
        {
            var before = Interlocked.CompareExchange(ref _pumps, pumps + 1, pumps);
            if (before == pumps)
            {
                Queue();
                return;
            }

            pumps = before;
        }
    }

    private void Queue() =>
#if NET
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
#else
        ThreadPool.QueueUserWorkItem(static pump => ((CopyScheduler)pump!).Execute(), this);
#endif
}
