using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>An extension method that closes connections.</summary>
internal static class ConnectionExtensions
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Closes a connection, and waits for a second at most. On a stalled network the library takes 25 seconds, and goes on in
    /// the background.
    /// </summary>
    internal static Task CloseQuietlyAsync(this IConnection connection) =>
        Task.WhenAny(Task.Run(() => CloseAsync(connection)), Task.Delay(CloseTimeout, TimeProvider.System));

    private static async Task CloseAsync(IConnection connection)
    {
        // The disposal alone can leave the socket of a lost connection open.
        await connection.AbortAsync(CloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await connection.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
