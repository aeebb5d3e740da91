using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>The loop that opens a connection, uses it until it is lost, waits, and opens another one.</summary>
/// <remarks>
/// The log gets the first failure of an outage in full, then one line a minute, and one line at its end. A connection that is
/// lost soon after it was made belongs to the same outage.
/// </remarks>
internal sealed class ConnectionLoop(string direction, StripedCounter reconnects, string stream, StreamPublisherSettings settings)
{
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The longest attempt to connect. Some libraries wait forever for a server that accepts a connection and stays silent.
    /// </summary>
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromMinutes(1);

    /// <summary>The time that a connection has to last for the outage before it to be over.</summary>
    private static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<StreamRefusedException> _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The longest delay before the next attempt. A random part of it is used, so that nodes spread out.</summary>
    private TimeSpan _delay = ShortestDelay;

    /// <summary>The time when the last connection began to work, as a timestamp; null before the first one.</summary>
    private long? _connectedAt;

    /// <summary>True from a failure until the next connection works.</summary>
    private bool _isDisconnected;

    /// <summary>The time of the last line in the log about an outage, as a timestamp; null before the first one.</summary>
    private long? _loggedAt;

    /// <summary>True if the log says that there is no connection.</summary>
    private bool _isLogged;

    /// <summary>A task that completes when the broker refuses for the first time.</summary>
    internal Task<StreamRefusedException> Refused => _refused.Task;

    /// <summary>Returns why there is no connection, as a part of a sentence.</summary>
    internal static string Describe(Exception reason) =>
        $"{(reason is StreamRefusedException ? "the broker refuses" : "there is no connection")}: {reason.Message.TrimEnd('.')}";

    /// <summary>Runs until it is canceled.</summary>
    /// <param name="connect">Opens a connection.</param>
    /// <param name="use">Uses the connection until it is lost, and then throws. Calls its second argument when the connection works.</param>
    /// <param name="disconnected">Receives the reason why there is no connection.</param>
    /// <param name="cancellationToken">A token that ends the loop.</param>
    internal async Task RunAsync<TConnection>(
        Func<CancellationToken, Task<TConnection>> connect,
        Func<TConnection, Action, CancellationToken, Task> use,
        Action<Exception> disconnected,
        CancellationToken cancellationToken)
        where TConnection : IStreamConnection
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task<TConnection>? connecting = null;
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            try
            {
                TConnection connection;
                using (settings.TimeProvider.CreateDetachedTimer(
                    static state => ((CancellationTokenSource)state!).CancelOnThreadPool(), attempt, LongestAttempt, Timeout.InfiniteTimeSpan))
                {
                    connecting = connect(attempt.Token);
                    connection = await connecting.WaitAsync(attempt.Token).ConfigureAwait(false);
                }

                await use(connection, SetConnected, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // Closing a lost connection can take a second. Report the loss before that.
                if (!cancellationToken.IsCancellationRequested)
                    SetDisconnected(Explain(exception), disconnected);
            }

            var closing = CloseAsync(connecting);
            // An attempt can take seconds to end after the cancellation, such as on a stalled network. Do not wait for it.
            if (connecting is { IsCompleted: true })
                await closing.ConfigureAwait(false);

            var delay = _delay * (0.5 + (Random.Shared.NextDouble() / 2));
            _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
            await DelayAsync(delay, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns a task of the transport. Marks a later failure as observed, because the caller may have stopped waiting.</summary>
    internal static TTask ObserveFailure<TTask>(TTask task)
        where TTask : Task
    {
        _ = ObserveAsync(task);
        return task;
    }

    private static async Task ObserveAsync(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Returns the exception to report. A client library cancels a command that the broker does not answer in time.</summary>
    private static Exception Explain(Exception exception) =>
        exception is OperationCanceledException ? new TimeoutException("The broker has not answered in time.", exception) : exception;

    /// <summary>Closes the connection of an attempt, as soon as the attempt has ended.</summary>
    private static async Task CloseAsync<TConnection>(Task<TConnection>? connecting)
        where TConnection : IStreamConnection
    {
        try
        {
            if (connecting is not null)
                await (await connecting.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // There is no connection to close, or closing fails because it is lost.
        }
    }

    /// <summary>Waits by the application's clock, or by the system's clock if the application's clock throws.</summary>
    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            return Task.Delay(delay, settings.TimeProvider, cancellationToken);
        }
        catch (Exception exception)
        {
            Log.ReportFailed(settings.Logger, exception, stream, direction);
            return Task.Delay(delay, TimeProvider.System, cancellationToken);
        }
    }

    private void SetConnected()
    {
        _connectedAt = settings.TimeProvider.GetTimestamp();
        if (_isDisconnected)
            reconnects.Increment();
        if (_isLogged)
            Log.Reconnected(settings.Logger, stream, direction);
        (_isDisconnected, _isLogged) = (false, false);
    }

    /// <summary>Reports a lost connection or a failed attempt. Logs an exception of the application's clock, which must not end the loop.</summary>
    private void SetDisconnected(Exception reason, Action<Exception> disconnected)
    {
        try
        {
            disconnected(reason);
            if (reason is StreamRefusedException refused)
                _refused.TrySetResult(refused);
            var isNewOutage = _loggedAt is null || (!_isDisconnected && Since(_connectedAt) >= StableAfter);
            _isDisconnected = true;
            if (isNewOutage)
                _delay = ShortestDelay;
            else if (Since(_loggedAt) < LogInterval)
                return;
            (_isLogged, _loggedAt) = (true, settings.TimeProvider.GetTimestamp());
            if (isNewOutage)
                Log.Disconnected(settings.Logger, reason, stream, direction, reason.Message);
            else
                Log.StillDisconnected(settings.Logger, stream, direction, reason.Message);
        }
        catch (Exception exception)
        {
            Log.ReportFailed(settings.Logger, exception, stream, direction);
        }
    }

    private TimeSpan Since(long? timestamp) =>
        timestamp is { } from ? settings.TimeProvider.GetElapsedTime(from) : TimeSpan.MaxValue;
}
