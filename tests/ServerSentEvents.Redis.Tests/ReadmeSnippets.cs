using ServerSentEvents.Redis.Tests.Servers;

namespace ServerSentEvents.Redis.Tests;

/// <summary>The code of the README, word for word, so that it compiles. <c>BackplaneSnippets</c> has the registrations.</summary>
public sealed class ReadmeSnippets
{
    public sealed record User(string Name, bool IsAdmin);

    [SkippableFact]
    public async Task WithoutAContainer_Run_Publishes()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        using var publisher = new Publisher<User>();

        var publish = () => PublishAsync(publisher, new() { Configuration = server.Configuration() }, default);

        await publish.Should().NotThrowAsync();
    }

    private static async Task PublishAsync(
        Publisher<User> publisher, RedisBackplaneOptions<User> options, CancellationToken cancellationToken)
    {
        await using var backplane = await RedisBackplane<User>.ConnectAsync(publisher, options, cancellationToken);
        await backplane.PublishAsync("hello", "news", cancellationToken);
        await backplane.DisconnectAsync("Ann", cancellationToken);
    }
}
