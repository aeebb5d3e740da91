using System.Diagnostics;

namespace ServerSentEvents.Tests;

/// <summary>Checks that objects become garbage.</summary>
internal static class Garbage
{
    /// <summary>
    /// Collects garbage until at most <paramref name="maxAlive"/> of the objects are alive.
    /// Repeats, because queued work of the thread pool may still hold the last ones.
    /// </summary>
    internal static async Task ShouldBecomeGarbageAsync(this IReadOnlyCollection<WeakReference> references, int maxAlive = 0)
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
        while (alive > maxAlive && Stopwatch.GetElapsedTime(start) < Limits.Patience);

        alive.Should().BeLessThanOrEqualTo(maxAlive);
    }

    /// <summary>Returns a value of which a part is garbage, when collections no longer change it.</summary>
    internal static long SettledValue(Func<long> measure)
    {
        long value;
        do
        {
            value = measure();
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        while (measure() != value);

        return value;
    }
}
