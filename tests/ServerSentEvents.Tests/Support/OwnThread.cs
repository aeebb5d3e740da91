namespace ServerSentEvents.Tests;

/// <summary>Runs code on a new thread, so that a blocked thread pool does not matter.</summary>
internal static class OwnThread
{
    /// <summary>Returns a task that ends with the code, or fails at the limit.</summary>
    internal static Task RunAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(Streams.Limit);

    /// <summary>Returns a task with the result of the code. It fails at the limit.</summary>
    internal static Task<T> RunAsync<T>(Func<T> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .WaitAsync(Streams.Limit);

    /// <summary>Runs the code on another thread, and returns when it is done.</summary>
    internal static void Run(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action)) { IsBackground = true };
        thread.Start();
        thread.Join(Streams.Limit).Should().BeTrue("the other thread should have ended");
        failure.Should().BeNull();
    }

    /// <summary>Blocks the calling thread until a task has ended in any way.</summary>
    internal static void WaitForEnd(this Task task) =>
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne(Streams.Limit).Should().BeTrue("the task should have ended");
}
