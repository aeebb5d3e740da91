using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>A Redis stream.</summary>
internal sealed class RedisTransport(RedisSettings settings) : IStreamTransport
{
    private static readonly Version OldestServer = new(7, 0);

    /// <summary>1 if the log has the warning about the eviction policy; changed by an interlocked operation.</summary>
    private int _isWarned;

    public string Broker => "redis";

    public string Stream => settings.StreamKey;

    public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken) =>
        OpenAsync<IStreamWriter>(
            "publishing",
            async stream =>
            {
                // WAIT for 0 replicas returns at once. It shows a missing permission now, and not after an event was appended.
                if (settings.WaitForReplicas > 0)
                    await stream.WaitAsync(0, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
                return new RedisWriter(stream, observer, settings);
            },
            cancellationToken);

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        OpenAsync<IStreamReader>(
            "reading", stream => Task.FromResult<IStreamReader>(new RedisReader(stream, settings.MaxAge)), cancellationToken);

    private async Task<T> OpenAsync<T>(string direction, Func<RedisStream, Task<T>> open, CancellationToken cancellationToken)
    {
        var connection = await RedisConnection.OpenAsync(settings.Configuration, direction, cancellationToken).ConfigureAwait(false);
        try
        {
            // The library cannot cancel an attempt to connect.
            cancellationToken.ThrowIfCancellationRequested();
            connection.Watch(settings.StreamKey);
            await CheckAsync(connection.ServerOf(settings.StreamKey), cancellationToken).ConfigureAwait(false);
            var stream = new RedisStream(connection, settings.StreamKey, settings.MaxLength, staysOnServer: settings.WaitForReplicas > 0);
            await stream.CreateAsync(cancellationToken).ConfigureAwait(false);
            return await open(stream).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (exception is RedisException)
                throw RedisErrors.Explain(exception);
            throw;
        }
    }

    private async Task CheckAsync(IServer server, CancellationToken cancellationToken)
    {
        // A server can hide its version of Redis: INFO can be forbidden, and HELLO of Valkey has the version of Valkey.
        var isKnown = server.Version != settings.Configuration.DefaultVersion;
        if (isKnown && server.Version < OldestServer)
            throw new StreamRefusedException($"The server {server.EndPoint} has version {server.Version}. Redis {OldestServer} or later is needed.");
        if (Volatile.Read(ref _isWarned) != 0)
            return;
        try
        {
            var sections = await server.InfoAsync("memory").AnswerAsync(cancellationToken).ConfigureAwait(false);
            var memory = sections.SelectMany(section => section).ToDictionary(StringComparer.Ordinal);
            if (memory.GetValueOrDefault("maxmemory") is not (null or "0")
                && memory.GetValueOrDefault("maxmemory_policy") is { } policy && policy.StartsWith("allkeys-", StringComparison.Ordinal)
                && Interlocked.Exchange(ref _isWarned, 1) == 0)
            {
                Log.MayBeEvicted(settings.Logger, Stream, policy);
            }
        }
        catch (Exception exception) when (RedisErrors.IsAnswer(exception))
        {
            // The user has no permission for INFO.
        }
    }
}
