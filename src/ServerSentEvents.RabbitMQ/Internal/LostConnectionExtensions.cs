namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Waiting for what may never come, once the connection that it would come by is lost.</summary>
internal static class LostConnectionExtensions
{
    internal static async Task<T> OrLost<T>(this Task<T> task, IStreamConnection connection, CancellationToken cancellationToken)
    {
        await Task.WhenAny(task, connection.Lost).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!task.IsCompleted)
            throw await connection.Lost.ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }
}
