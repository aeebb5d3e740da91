using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Extension methods that publish messages and close connections.</summary>
internal static class ConnectionExtensions
{
    private static readonly CachedString DefaultExchange = new("");
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Publishes a message to a stream. If the channel is closed, the exception has the broker's reason.</summary>
    internal static async ValueTask PublishAsync(
        this IChannel channel, CachedString stream, bool mandatory, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await channel.BasicPublishAsync(DefaultExchange, stream, mandatory, message, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationInterruptedException exception)
        {
            throw RabbitMQErrors.Explain(exception);
        }
    }

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
