using System.Reflection;
using ServerSentEvents.Internal.Delivery;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>The state of the library that outlives a publisher, and therefore a schedule.</summary>
internal static class ProcessWideState
{
    private const int MaxWorkers = 2;

    private static readonly PropertyInfo Scheduler =
        typeof(CopyScheduler).GetProperty(nameof(CopyScheduler.Shared), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>The clock of the scheduler of copies. Its timer replaces workers that are stuck.</summary>
    internal static ScenarioClock SchedulerClock { get; private set; } = new();

    /// <summary>Makes a new scheduler of copies. A failed schedule leaves the old scheduler in an unknown state.</summary>
    internal static void Reset()
    {
        SchedulerClock = new();
        Scheduler.SetValue(null, new CopyScheduler(MaxWorkers, SchedulerClock));
    }
}
