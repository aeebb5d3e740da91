using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The README's snippets, word for word, so that they compile; what they do is tested with a broker of the tests'.</summary>
public sealed class ReadmeSnippets
{
    public sealed record User(string Name, bool IsAdmin);

    [Fact]
    public void Registration_Run_RegistersTheBackplane()
    {
        var services = new ServiceCollection();

        services.AddServerSentEventsRabbitMQ<User>(options =>
        {
            options.ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqp://user:password@broker") };
            options.StreamName = "shop-events";
            options.Personalise = (item, user) => item.EventType == "admin" && !user.IsAdmin ? null : item;
        });

        services.Should().Contain(service => service.ServiceType == typeof(IEventPublisher));
    }

    internal static void Publishing(WebApplication app)
    {
        app.MapPost("/say", async (string text, IEventPublisher events) => await events.PublishAsync(text, "chat"));
    }

    internal static async Task<string> WithoutAContainer(
        Publisher<User> publisher, RabbitMQBackplaneOptions<User> options, CancellationToken cancellationToken)
    {
        await using var backplane = await RabbitMQBackplane<User>.ConnectAsync(publisher, options, cancellationToken);
        var position = await backplane.PublishAsync("hello", "news", cancellationToken);

        return position;
    }
}
