namespace ServerSentEvents.Testing;

/// <summary>Runs code on a new thread, so that a blocked thread pool does not matter.</summary>
public static class OwnThread
{
    /// <summary>Returns a task that ends with the code, or fails at the limit.</summary>
    public static Task RunAsync(Action action, TimeSpan? limit = null) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(limit ?? Limits.Patience);

    /// <summary>Returns a task with the result of the code. It fails at the limit.</summary>
    public static Task<T> RunAsync<T>(Func<T> function, TimeSpan? limit = null) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(limit ?? Limits.Patience);

    /// <summary>Runs the code on another thread, and returns when it is done.</summary>
    public static void Run(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action)) { IsBackground = true };
        thread.Start();
        thread.Join(Limits.Patience).Should().BeTrue("the other thread should have ended");
        failure.Should().BeNull();
    }

    /// <summary>Blocks the calling thread until a task has ended in any way.</summary>
    public static void WaitForEnd(this Task task) =>
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne(Limits.Patience).Should().BeTrue("the task should have ended");
}
