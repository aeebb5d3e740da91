using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests the errors that an application gets if Redis refuses a connection or a command, with a real server.</summary>
public sealed class RefusalTests
{
    private const string Key = "events";

    [SkippableTheory]
    [InlineData("password=wrong", "WRONGPASS invalid username-password pair or user is disabled.")]
    [InlineData("", "NOAUTH*")]
    public async Task ConnectAsync_WrongPassword_ThrowsTheWordsOfTheServer(string options, string words)
    {
        await using var server = await RedisServer.StartAsync([.. RedisServer.InMemory, "--requirepass", "right"]);

        var connect = () => ConnectAsync(server.Configuration(options));

        (await connect.Should().ThrowAsync<InvalidOperationException>().WithMessage($"The broker refuses the stream {Key}: {words}"))
            .WithInnerException<StreamRefusedException>();
    }

    [SkippableFact]
    public async Task ConnectAsync_KeyHasAnotherType_ThrowsTheWordsOfTheServer()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await server.CommandAsync("SET", Key, "text");

        var connect = () => ConnectAsync(server.Configuration());

        await connect.Should().ThrowAsync<InvalidOperationException>()
            .WithMessage("*WRONGTYPE Operation against a key holding the wrong kind of value*");
    }

    [SkippableTheory]
    [InlineData("xread")]
    [InlineData("xtrim")]
    [InlineData("wait")]
    public async Task ConnectAsync_NoPermission_NamesTheCommand(string command)
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await server.CommandAsync("ACL", "SETUSER", "node", "on", ">secret", "~*", "&*", "+@all", $"-{command}");

        var connect = () => ConnectAsync(server.Configuration("user=node,password=secret"), waitForReplicas: 1);

        await connect.Should().ThrowAsync<InvalidOperationException>().WithMessage($"*NOPERM*'{command}'*");
    }

    [SkippableFact]
    public async Task ConnectAsync_OldServer_ThrowsTheVersion()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        await using var network = new TcpProxy(server.Port) { Answers = MakeOlder };

        var connect = () => ConnectAsync(ConfigurationOptions.Parse($"127.0.0.1:{network.Port}"));

        await connect.Should().ThrowAsync<InvalidOperationException>().WithMessage("*has version 6.2.*. Redis 7.0 or later is needed.");

        static void MakeOlder(Memory<byte> answer)
        {
            // Valkey answers INFO with version 7.2 of Redis.
            foreach (var version in new[] { "7.0."u8.ToArray(), "7.2."u8.ToArray() })
            {
                var rest = answer.Span;
                for (int index; (index = rest.IndexOf(version)) >= 0; rest = rest[(index + 1)..])
                    "6.2."u8.CopyTo(rest[index..]);
            }
        }
    }

    [SkippableFact]
    public async Task ConnectAsync_NoServer_NamesTheAddress()
    {
        using var port = new ClosedPort();
        using var publisher = new Publisher<string>();
        var time = new FakeTimeProvider();
        using var log = new TestLog();
        var options = new RedisBackplaneOptions<string>
        {
            Configuration = ConfigurationOptions.Parse($"127.0.0.1:{port.Number}"),
            TimeProvider = time,
            LoggerFactory = log,
        };

        var connecting = RedisBackplane<string>.ConnectAsync(publisher, options);
        await Limits.UntilAsync(() => log.Warnings.Count() == 2, "both directions have tried");
        time.Advance(TimeSpan.FromSeconds(30));

        (await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage($"*there is no connection: 127.0.0.1:{port.Number}: *refused*");
    }

    private static async Task ConnectAsync(ConfigurationOptions configuration, int waitForReplicas = 0)
    {
        using var publisher = new Publisher<string>();
        var options = new RedisBackplaneOptions<string> { Configuration = configuration, StreamKey = Key, WaitForReplicas = waitForReplicas };
        await using var backplane = await RedisBackplane<string>.ConnectAsync(publisher, options).WithinPatience();
    }
}
