using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The snippets of the README, word for word, so that they compile.</summary>
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
            options.Personalize = (item, user) => item.EventType == "admin" && !user.IsAdmin ? null : item;
            options.SubscriberKey = user => user.Name;
        });

        services.Should().Contain(service => service.ServiceType == typeof(IEventPublisher));
    }

    [Fact]
    public void Worker_Run_RegistersAPublisher()
    {
        var services = new ServiceCollection();

        services.AddServerSentEventsRabbitMQPublisher(options =>
        {
            options.ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqp://worker:password@broker") };
            options.StreamName = "shop-events";
        });

        services.Should().Contain(service => service.ServiceType == typeof(IEventPublisher));
    }

    [Fact]
    public void Tls_OfEachEndpoint_IsAccepted()
    {
        var options = new RabbitMQBackplaneOptions<User> { ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqps://broker") } };

        var tls = new SslOption("rabbit.example.com", enabled: true);
        options.Endpoints = [new AmqpTcpEndpoint("rabbit1", 5671, tls), new AmqpTcpEndpoint("rabbit2", 5671, tls)];

        StreamSettings.From(options).Endpoints.Should().HaveCount(2);
    }

    internal static async Task WithoutAContainer(
        Publisher<User> publisher, RabbitMQBackplaneOptions<User> options, CancellationToken cancellationToken)
    {
        await using var backplane = await RabbitMQBackplane<User>.ConnectAsync(publisher, options, cancellationToken);
        await backplane.PublishAsync("hello", "news", cancellationToken);
        await backplane.DisconnectAsync("Ann", cancellationToken);
    }
}
