using System.Diagnostics;

namespace ServerSentEvents.Tests;

/// <summary>Waits for what other threads do.</summary>
internal static class Conditions
{
    /// <summary>Waits until a condition holds. Fails if it does not hold in time.</summary>
    internal static async Task ShouldHoldAsync(Func<bool> condition, string because = "")
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Streams.Limit, because);
            await pause.WaitForNextTickAsync();
        }
    }
}
