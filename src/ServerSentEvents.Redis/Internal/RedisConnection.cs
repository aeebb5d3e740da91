using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>
/// A connection that never comes back once it is lost. The client library would reconnect by itself and send later commands, even if
/// earlier ones were lost.
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int LongestTimeoutInMilliseconds = 10_000;

    /// <summary>The longest wait for work that the library does in the background.</summary>
    private static readonly TimeSpan BackgroundTimeout = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionMultiplexer _multiplexer;

    /// <summary>The server whose loss is the loss of this connection; null before <see cref="Watch"/>.</summary>
    private volatile IServer? _watched;

    private RedisConnection(ConnectionMultiplexer multiplexer, TimeSpan timeout) =>
        (_multiplexer, Timeout, Database) = (multiplexer, timeout, multiplexer.GetDatabase());

    internal Task<Exception> Lost => _lost.Task;

    internal IDatabase Database { get; }

    /// <summary>The time after which a command counts as lost.</summary>
    internal TimeSpan Timeout { get; }

    /// <summary>The longest time that a command waits in Redis. Its answer must come before <see cref="Timeout"/>.</summary>
    internal TimeSpan LongestWait => Timeout / 4;

    /// <summary>Returns the server that has a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isExact">True if another address of the server that is watched does not count as this server.</param>
    /// <exception cref="IOException">The key has moved from the server that is watched.</exception>
    internal IServer ServerOf(RedisKey key, bool isExact = false)
    {
        var server = _multiplexer.GetServer(key, flags: CommandFlags.DemandMaster);
        if (_watched is not { } watched || watched.EndPoint.Equals(server.EndPoint))
            return server;
        if (isExact || server.ServerType == ServerType.Cluster || watched.IsReplica)
            throw new IOException($"The stream has moved from {watched.EndPoint} to {server.EndPoint}.");
        // Without a cluster, a server can have several addresses.
        return watched;
    }

    internal static async Task<RedisConnection> OpenAsync(ConfigurationOptions options, string direction, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isOpen = false;
        var failure = new TaskCompletionSource<ConnectionAttemptCompletedEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        var configuration = options.Clone();
        configuration.AbortOnConnectFail = true;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ConnectRetry = 1;
        // The library allows INFO only to administrators. The server decides by the permissions of the user.
        configuration.AllowAdmin = true;
        configuration.AsyncTimeout = Math.Min(configuration.AsyncTimeout, LongestTimeoutInMilliseconds);
        configuration.ClientName ??= $"ServerSentEvents-{direction}";
        configuration.BeforeSocketConnect = (server, type, socket) =>
        {
            if (Volatile.Read(ref isOpen))
                throw new IOException("A lost connection is not made again.");
            options.BeforeSocketConnect?.Invoke(server, type, socket);
        };
        configuration.ConnectionAttemptCompleted += (_, attempt) =>
        {
            if (!attempt.IsSuccess)
                failure.TrySetResult(attempt);
        };
        try
        {
            var multiplexer = await ConnectionMultiplexer.ConnectAsync(configuration).ConfigureAwait(false);
            Volatile.Write(ref isOpen, true);
            return new RedisConnection(multiplexer, TimeSpan.FromMilliseconds(configuration.AsyncTimeout));
        }
        catch (RedisException exception)
        {
            // The library reports attempts on other threads.
            await Task.WhenAny(failure.Task, Task.Delay(BackgroundTimeout, TimeProvider.System, cancellationToken)).ConfigureAwait(false);
            throw RedisErrors.NotConnected(exception, failure.Task.IsCompleted ? await failure.Task.ConfigureAwait(false) : null);
        }
    }

    /// <summary>Declares the connection lost when the server that now holds a key cannot be reached. Other servers do not matter.</summary>
    internal void Watch(RedisKey key)
    {
        _watched = ServerOf(key);
        var server = _watched.EndPoint;
        _multiplexer.ConnectionFailed += (_, failure) =>
        {
            if (failure.ConnectionType == ConnectionType.Interactive && server.Equals(failure.EndPoint))
                _lost.TrySetResult(new IOException($"The connection to {server} was lost ({failure.FailureType}).", failure.Exception));
        };
    }

    /// <summary>Declares the connection lost.</summary>
    internal void Lose(Exception reason) => _lost.TrySetResult(reason);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAny(Task.Run(CloseAsync), Task.Delay(BackgroundTimeout, TimeProvider.System)).ConfigureAwait(false);

        async Task CloseAsync()
        {
            await _multiplexer.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
            // The connection to Sentinel, and the timer that asks it, end only now.
            await _multiplexer.DisposeAsync().ConfigureAwait(false);
        }
    }
}
