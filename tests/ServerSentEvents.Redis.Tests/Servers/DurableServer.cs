namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>A server that keeps what it has confirmed, for one class of tests.</summary>
public sealed class DurableServer : IAsyncLifetime
{
    private RedisServer? _server;

    /// <summary>The server. Skips the test where there is none.</summary>
    internal RedisServer Server
    {
        get
        {
            RedisPrograms.Require();
            return _server!;
        }
    }

    public async Task InitializeAsync()
    {
        if (RedisPrograms.Server is not null)
            _server = await RedisServer.StartAsync(RedisServer.Durable);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
