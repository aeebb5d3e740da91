namespace ServerSentEvents.Testing;

/// <summary>Waits with a limit that only a failed test reaches.</summary>
public static class Limits
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Task WithinPatience(this Task task) => task.WaitAsync(Patience);

    public static Task<T> WithinPatience<T>(this Task<T> task) => task.WaitAsync(Patience);

    public static Task WithinPatience(this ValueTask task) => task.AsTask().WaitAsync(Patience);

    /// <summary>Waits for a condition that nothing announces.</summary>
    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <inheritdoc cref="UntilAsync(Func{bool})"/>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
            await Task.Delay(TimeSpan.FromMilliseconds(10), limit.Token);
    }
}
