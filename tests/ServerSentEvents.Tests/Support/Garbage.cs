using System.Diagnostics;

namespace ServerSentEvents.Tests;

/// <summary>Whether objects are let go.</summary>
internal static class Garbage
{
    /// <summary>
    /// Waits until at most so many live: what lets go of the last of them may be work of the thread pool that is still to run.
    /// </summary>
    internal static async Task ShouldBecomeGarbageAsync(this IReadOnlyCollection<WeakReference> references, int mostAlive = 0)
    {
        var start = Stopwatch.GetTimestamp();
        int alive;
        do
        {
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            alive = references.Count(static reference => reference.IsAlive);
        }
        while (alive > mostAlive && Stopwatch.GetElapsedTime(start) < Streams.Limit);

        alive.Should().BeLessThanOrEqualTo(mostAlive);
    }
}
