using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Keeps one direction's connection: makes it, uses it until it is lost, waits a little, and begins again.</summary>
internal sealed class ConnectionLoop(string direction, Count reconnects, string stream, TimeProvider time, ILogger logger)
{
    /// <summary>A stream that is just being made, by whichever node, refuses connections for a moment.</summary>
    private const int FailuresInARow = 5;

    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with what was wrong when some attempts in a row have failed.</summary>
    internal Task<Exception> Failed => _failed.Task;

    /// <summary>Runs until it is canceled.</summary>
    /// <param name="connect">Makes a connection.</param>
    /// <param name="use">Uses it for as long as it lasts, and then throws. Calls what it is given when all is well.</param>
    /// <param name="disconnected">Is told why there is no connection.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task RunAsync<TConnection>(
        Func<CancellationToken, Task<TConnection>> connect,
        Func<TConnection, Action, CancellationToken, Task> use,
        Action<Exception> disconnected,
        CancellationToken cancellationToken)
        where TConnection : IStreamConnection
    {
        var backoff = new Backoff();
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var connection = await connect(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                    await use(connection, IsWell, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it is, the library's or the network's: nobody else could see to it, and it may pass.
                if (++failures == FailuresInARow)
                    _failed.TrySetResult(exception);
                disconnected(exception);
                var delay = backoff.Next();
                Log.Disconnected(logger, exception, stream, direction, delay);
                await WaitAsync(delay, cancellationToken).ConfigureAwait(false);
            }
        }

        void IsWell()
        {
            backoff.Reset();
            if (failures == 0)
                return;
            failures = 0;
            reconnects.Add(1);
            Log.Reconnected(logger, stream, direction);
        }
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
