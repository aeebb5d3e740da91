namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>A method for tasks of a transport, which can end late.</summary>
internal static class TaskExtensions
{
    /// <summary>Returns the task. Marks a later failure as observed, because the caller may have stopped waiting.</summary>
    internal static TTask ObserveFailure<TTask>(this TTask task)
        where TTask : Task
    {
        _ = ObserveAsync(task);
        return task;
    }

    private static async Task ObserveAsync(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
