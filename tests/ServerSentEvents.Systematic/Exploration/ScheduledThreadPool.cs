using System.Diagnostics.CodeAnalysis;
using Microsoft.Coyote.Specifications;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>A replacement for the thread pool. Runs each work item as a task, which Coyote schedules.</summary>
internal static class ScheduledThreadPool
{
    /// <summary>The work items of the current schedule. Guarded by this list.</summary>
    private static readonly Stack<Task> WorkItems = [];

    public static bool UnsafeQueueUserWorkItem(IThreadPoolWorkItem callBack, bool preferLocal) => Queue(callBack.Execute);

    public static bool UnsafeQueueUserWorkItem(WaitCallback callBack, object? state) => Queue(() => callBack(state));

    internal static void Reset()
    {
        lock (WorkItems)
            WorkItems.Clear();
    }

    /// <summary>Waits until no work item is left. Coyote abandons work items that still run at the end of a schedule.</summary>
    internal static async Task WaitUntilIdleAsync()
    {
        while (TryTake(out var workItem))
            await workItem;
    }

    private static bool Queue(Action work)
    {
        lock (WorkItems)
            WorkItems.Push(Task.Run(() => RunWorkItem(work)));
        return true;
    }

    private static void RunWorkItem(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            // On the real thread pool, an exception ends the process.
            Specification.Assert(false, "A work item threw {0}", exception);
        }
    }

    private static bool TryTake([NotNullWhen(true)] out Task? workItem)
    {
        lock (WorkItems)
            return WorkItems.TryPop(out workItem);
    }
}
