using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents.Redis.Tests.Servers;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests settings of a real server that the backplane has to live with.</summary>
public sealed class ServerSettingsTests
{
    private const string Key = "events";
    private const string Healthy = "This node reads the end of the stream.";

    private const string Blocked =
        "Nothing can be published: the broker blocks publishers (OOM command not allowed when used memory > 'maxmemory'.).";

    [SkippableFact]
    public async Task PublishAsync_MemoryIsFull_WaitsAndIsPublishedWhenThereIsRoom()
    {
        await using var server = await RedisServer.StartAsync([.. RedisServer.InMemory, "--maxmemory-policy", "noeviction"]);
        await using var node = await TestNode.StartAsync(server.Open(Key));
        await using var client = node.Connect();
        await node.PublishAsync("before");

        await server.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        var publishing = node.PublishAsync("during", 100);
        await Limits.UntilAsync(() => node.Backplane.CheckHealth(HealthStatus.Unhealthy) is { Status: HealthStatus.Degraded, Description: Blocked });
        await server.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        await publishing;

        (await client.NextAsync(101)).Should().Equal(["before", .. TestNode.Numbered("during", 100)]);
        node.Log.Warnings.Should().Contain(text => text.Contains("blocks publishers: OOM", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task PublishAsync_MemoryIsFullForLongerThanTheTimeout_IsNotPublishedLater()
    {
        await using var server = await RedisServer.StartAsync([.. RedisServer.InMemory, "--maxmemory-policy", "noeviction"]);
        var options = new RedisBackplaneOptions<string> { StreamKey = Key, PublishTimeout = TimeSpan.FromSeconds(1) };
        await using var node = await TestNode.StartAsync(server.Open(options), node => node.PublishTimeout = options.PublishTimeout);
        await using var client = node.Connect();
        await Limits.UntilAsync(() => HealthText() == Healthy);

        await server.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        await Limits.UntilAsync(async () =>
        {
            // On a busy machine, an event can time out before it is sent. The server then refuses nothing.
            (await node.TryPublishAsync("too early")).Should().BeFalse();
            return IsWarned("blocks publishers: OOM");
        });
        await Limits.UntilAsync(() => IsWarned("no connection for publishing: OOM"));
        await Limits.UntilAsync(() => HealthText() == Blocked);
        await server.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        await Limits.UntilAsync(() => node.TryPublishAsync("later"));

        (await client.NextAsync()).Data.Should().Be("later");
        await Limits.UntilAsync(() => HealthText() == Healthy);
        await Limits.UntilAsync(() => node.Log.Lines.Any(line => line.Contains("takes events again", StringComparison.Ordinal)));

        bool IsWarned(string text) => node.Log.Warnings.Any(line => line.Contains(text, StringComparison.Ordinal));

        string HealthText() => node.Backplane.CheckHealth(HealthStatus.Unhealthy).Description!;
    }

    [SkippableFact]
    public async Task PublishAsync_FewerReplicasThanAsked_WaitsAndSaysSo()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var node = await TestNode.StartAsync(
            server.Open(new RedisBackplaneOptions<string> { StreamKey = Key, WaitForReplicas = 1 }),
            options => options.PublishTimeout = TimeSpan.FromSeconds(15));

        var publish = () => node.PublishAsync("a");

        await publish.Should().ThrowAsync<TimeoutException>().WithMessage(
            "*the broker blocks publishers (0 of 1 replicas have the last event). It may have been published.");
    }

    [SkippableFact]
    public async Task PublishAsync_PublisherMayOnlyAppend_Publishes()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await server.CommandAsync("ACL", "SETUSER", "worker", "on", ">secret", $"~{Key}", "+@connection", "-@dangerous", "+xadd");
        await using var node = await TestNode.StartAsync(server.Open(Key));
        await using var client = node.Connect();
        await using var publisher = new RedisEventPublisher(new RedisPublisherOptions
        {
            Configuration = server.Configuration("user=worker,password=secret"),
            StreamKey = Key,
        });

        await publisher.PublishAsync("hello").AsTask().WithinPatience();

        (await client.NextAsync()).Data.Should().Be("hello");
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("$HELLO=")] // Without HELLO, as with Valkey, only a user with INFO learns the version of Redis.
    public async Task ConnectAsync_NodeHasTheDocumentedPermissions_PublishesAndReads(string options)
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await server.CommandAsync(
            "ACL", "SETUSER", "node", "on", ">secret", $"~{Key}", "+@connection", "-@dangerous", "+time", "+xadd", "+xrange", "+xread", "+xtrim");
        await using var node = await TestNode.StartAsync(server.Open(new RedisBackplaneOptions<string>
        {
            StreamKey = Key,
            Configuration = server.Configuration($"user=node,password=secret,{options}"),
        }));
        await using var client = node.Connect();

        await node.PublishAsync("hello");

        (await client.NextAsync()).Data.Should().Be("hello");
    }

    [SkippableTheory]
    [InlineData("allkeys-lru", "100mb", true)]
    [InlineData("allkeys-lru", "0", false)]
    [InlineData("volatile-lru", "100mb", false)]
    public async Task Open_EvictionPolicy_IsAWarningIfTheStreamCanBeEvicted(string policy, string memory, bool isWarned)
    {
        await using var server = await RedisServer.StartAsync(
            [.. RedisServer.InMemory, "--maxmemory", memory, "--maxmemory-policy", policy]);
        var log = new TestLog();
        await using var node = await TestNode.StartAsync(
            server.Open(new RedisBackplaneOptions<string> { StreamKey = Key, LoggerFactory = log }));

        if (isWarned)
            await Limits.UntilAsync(IsLogged);
        else
            IsLogged().Should().BeFalse();

        bool IsLogged() => log.Warnings.Any(line => line.Contains($"maxmemory-policy is {policy}", StringComparison.Ordinal));
    }
}
