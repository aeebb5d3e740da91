using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Getting rid of connections.</summary>
internal static class ConnectionExtensions
{
    private const ushort Success = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Closes a connection whose other end may not answer any more. It has no news for anybody.</summary>
    internal static async Task DisposeQuietlyAsync(this IConnection connection)
    {
        try
        {
            await connection.CloseAsync(Success, "Goodbye", Patience, abort: true, CancellationToken.None).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It is gone in any case.
        }
    }
}
