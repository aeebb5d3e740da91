using ServerSentEvents.Backplane;
using ServerSentEvents.LoadTest.Nodes.Bare;
using ServerSentEvents.Redis;
using StackExchange.Redis;

namespace ServerSentEvents.LoadTest.Nodes.Brokers;

/// <summary>Redis with one server that keeps its log in a file.</summary>
internal sealed class RedisBroker : Broker
{
    internal override string Name => "redis";

    internal override string Title => "Redis";

    internal override string BareTitle => "`StackExchange.Redis` alone";

    internal override string? Missing =>
        LocalRedis.Program is null ? "No redis-server on the PATH. On Debian and Ubuntu: apt-get install redis-server" : null;

    internal override async Task<BrokerInstance> StartAsync() => await LocalRedis.StartAsync();

    internal override async Task<StreamBackplane<object?>> ConnectAsync(
        Publisher publisher, int port, string stream, ILoggerFactory? log = null)
    {
        var options = new RedisBackplaneOptions<object?>
        {
            Configuration = ConfigurationFor(port, TimeSpan.FromSeconds(10)),
            StreamKey = stream,
            PublishTimeout = PublishTimeout,
            LoggerFactory = log,
        };
        return await RedisBackplane<object?>.ConnectAsync(publisher, options);
    }

    internal override Task<INode> ConnectBareAsync(int port, string stream, Inbox inbox) =>
        BareRedisNode.ConnectAsync(ConfigurationFor(port, TimeSpan.FromMinutes(1)), stream, inbox);

    /// <summary>Returns settings with a timeout. A bare node does not recover from a timeout, which a busy machine can cause.</summary>
    private static ConfigurationOptions ConfigurationFor(int port, TimeSpan timeout) =>
        new() { EndPoints = { { Host, port } }, AsyncTimeout = (int)timeout.TotalMilliseconds, ConnectTimeout = 60_000 };
}
