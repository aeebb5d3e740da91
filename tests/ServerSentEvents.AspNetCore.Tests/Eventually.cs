using System.Diagnostics;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Waits for conditions that raise no event.</summary>
internal static class Eventually
{
    /// <summary>Checks a condition until it holds. Fails if it does not hold within <see cref="Streams.Limit"/>.</summary>
    internal static async Task HoldsAsync(Func<bool> condition, string because = "")
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            watch.Elapsed.Should().BeLessThan(Streams.Limit, because);
            await pause.WaitForNextTickAsync();
        }
    }
}
