using System.Diagnostics;

namespace ServerSentEvents.Testing;

/// <summary>The time limit of waits in tests. Only a failed test reaches it.</summary>
public static class Limits
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Task WithinPatience(this Task task) => task.WaitAsync(Patience);

    public static Task<T> WithinPatience<T>(this Task<T> task) => task.WaitAsync(Patience);

    public static Task WithinPatience(this ValueTask task) => task.AsTask().WaitAsync(Patience);

    public static Task<T> WithinPatience<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Patience);

    /// <summary>Runs a test up to three times, until it passes. Use it only where a busy machine can exceed a limit in real time.</summary>
    public static async Task RetryAsync(Func<Task> test)
    {
        const int attempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await test();
                return;
            }
            catch (Exception) when (attempt < attempts)
            {
                // The machine may have been busy.
            }
        }
    }

    /// <summary>Waits for a condition that nothing announces.</summary>
    /// <exception cref="TimeoutException">The condition does not hold in time.</exception>
    public static Task UntilAsync(Func<bool> condition, string because = "") =>
        UntilAsync(() => Task.FromResult(condition()), because);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, string because = "")
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"The condition does not hold after {Patience}: {because}");
            await pause.WaitForNextTickAsync();
        }
    }
}
