namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>How long anything may take before a test gives up.</summary>
internal static class Limits
{
    /// <summary>Generous: only a test that has failed waits for so long.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    internal static Task WithinPatience(this Task task) => task.WaitAsync(Patience);

    internal static Task<T> WithinPatience<T>(this Task<T> task) => task.WaitAsync(Patience);

    /// <summary>Waits for what nothing tells of.</summary>
    internal static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <inheritdoc cref="UntilAsync(Func{bool})"/>
    internal static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await condition())
            await Task.Delay(TimeSpan.FromMilliseconds(10), limit.Token);
    }
}
