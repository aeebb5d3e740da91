using System.Runtime.CompilerServices;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>
/// Replacements for methods of the .NET libraries whose tasks Coyote does not control. The build redirects the calls of the
/// backplane and the client to these methods.
/// </summary>
internal static class ScheduledCalls
{
    public static async Task Delay(TimeSpan delay, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var end = NewSource();
        await using var timer = timeProvider.CreateTimer(_ => end.TrySetResult(), null, delay, Timeout.InfiniteTimeSpan);
        await UntilAsync(end, cancellationToken);
    }

    public static Task WaitAsync(Task task, CancellationToken cancellationToken)
    {
        var end = NewSource();
        _ = CompleteAsync(end, after: task);
        return WaitAsync(task, end, cancellationToken);
    }

    public static async Task<T> WaitAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        await WaitAsync((Task)task, cancellationToken);
        return await task;
    }

    public static async Task WaitAsync(Task task, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var end = NewSource();
        await using var timer = timeProvider.CreateTimer(
            _ => end.TrySetException(new TimeoutException()), null, timeout, Timeout.InfiniteTimeSpan);
        _ = CompleteAsync(end, after: task);
        await WaitAsync(task, end, cancellationToken);
    }

    public static async Task<T> WaitAsync<T>(
        Task<T> task, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        await WaitAsync((Task)task, timeout, timeProvider, cancellationToken);
        return await task;
    }

    public static async Task<Task> WhenAny(Task task1, Task task2)
    {
        var end = NewSource();
        _ = CompleteAsync(end, after: task1);
        _ = CompleteAsync(end, after: task2);
        await end.Task;
        return task1.IsCompleted ? task1 : task2;
    }

    public static async Task<Task<T>> WhenAny<T>(Task<T> task1, Task<T> task2) =>
        (Task<T>)await WhenAny((Task)task1, task2);

    public static async Task<T> Unwrap<T>(Task<Task<T>> task) => await await task;

    /// <summary>Supports only <see cref="ConfigureAwaitOptions.SuppressThrowing"/>.</summary>
    public static ConfiguredTaskAwaitable ConfigureAwait(Task task, ConfigureAwaitOptions options)
    {
        if (options != ConfigureAwaitOptions.SuppressThrowing)
            throw new NotSupportedException($"The library uses the options {options}.");
        return WithoutThrowingAsync(task).ConfigureAwait(false);
    }

    public static Task CancelAsync(CancellationTokenSource source) => Task.Run(source.Cancel);

    /// <summary>
    /// Links a source that waits for no callback when it is disposed. Coyote would not know that the disposing thread waits.
    /// </summary>
    public static CancellationTokenSource CreateLinkedTokenSource(CancellationToken token)
    {
        var linked = new CancellationTokenSource();
        token.UnsafeRegister(
            _ =>
            {
                try
                {
                    linked.Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // The real source would have unregistered.
                }
            },
            state: null);
        return linked;
    }

    /// <summary>Calls the method that a scenario overrides, without the waits of a real client.</summary>
    public static Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpRequestMessage request, HttpCompletionOption completionOption, CancellationToken cancellationToken) =>
        client.SendAsync(request, cancellationToken);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task WaitAsync(Task task, TaskCompletionSource end, CancellationToken cancellationToken)
    {
        await UntilAsync(end, cancellationToken);
        await task;
    }

    private static async Task UntilAsync(TaskCompletionSource end, CancellationToken cancellationToken)
    {
        var registration = cancellationToken.UnsafeRegister(_ => end.TrySetCanceled(cancellationToken), null);
        try
        {
            await end.Task;
        }
        finally
        {
            // Dispose would wait for a running callback, which Coyote does not know.
            registration.Unregister();
        }
    }

    private static async Task CompleteAsync(TaskCompletionSource end, Task after)
    {
        await WithoutThrowingAsync(after);
        end.TrySetResult();
    }

    private static async Task WithoutThrowingAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // The caller looks at the task.
        }
    }
}
