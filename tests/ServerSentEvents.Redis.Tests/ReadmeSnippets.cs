using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>The code of the README, word for word, so that it compiles.</summary>
public sealed class ReadmeSnippets
{
    public sealed record User(string Name, bool IsAdmin);

    [Fact]
    public void Registration_Run_RegistersTheBackplane()
    {
        var services = new ServiceCollection();

        services.AddServerSentEventsRedis<User>(options =>
        {
            options.Configuration = ConfigurationOptions.Parse("redis:6379,password=secret");
            options.StreamKey = "shop-events";
            options.Personalize = (item, user) => item.EventType == "admin" && !user.IsAdmin ? null : item;
            options.SubscriberKey = user => user.Name;
        });

        services.Should().Contain(service => service.ServiceType == typeof(IEventPublisher));
    }

    [Fact]
    public void PublisherRegistration_Run_RegistersThePublisher()
    {
        var services = new ServiceCollection();

        services.AddServerSentEventsRedisPublisher(options =>
        {
            options.Configuration = ConfigurationOptions.Parse("redis:6379,password=secret");
            options.StreamKey = "shop-events";
        });

        services.Should().Contain(service => service.ServiceType == typeof(IEventPublisher));
    }

    [SkippableFact]
    public async Task WithoutAContainer_Run_Publishes()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        using var publisher = new Publisher<User>();

        var publish = () => PublishAsync(publisher, new() { Configuration = server.Configuration() }, default);

        await publish.Should().NotThrowAsync();
    }

    internal static void Publishing(WebApplication app)
    {
        app.MapPost("/say", async (string text, IEventPublisher events) => await events.PublishAsync(text, "chat"));
    }

    private static async Task PublishAsync(
        Publisher<User> publisher, RedisBackplaneOptions<User> options, CancellationToken cancellationToken)
    {
        await using var backplane = await RedisBackplane<User>.ConnectAsync(publisher, options, cancellationToken);
        await backplane.PublishAsync("hello", "news", cancellationToken);
        await backplane.DisconnectAsync("Ann", cancellationToken);
    }
}
