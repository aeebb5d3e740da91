using System.Diagnostics;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Waiting for what nobody tells of.</summary>
internal static class Eventually
{
    /// <summary>Looks until the condition holds, which it has to within the limit.</summary>
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
