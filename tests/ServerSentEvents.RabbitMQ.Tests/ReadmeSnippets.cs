using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The code of the README, word for word, so that it compiles. <c>BackplaneSnippets</c> has the registrations.</summary>
public sealed class ReadmeSnippets
{
    public sealed record User(string Name, bool IsAdmin);

    [Fact]
    public void Tls_OfEachEndpoint_IsAccepted()
    {
        var options = new RabbitMQBackplaneOptions<User> { ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqps://broker") } };

        var tls = new SslOption("rabbit.example.com", enabled: true);
        options.Endpoints = [new AmqpTcpEndpoint("rabbit1", 5671, tls), new AmqpTcpEndpoint("rabbit2", 5671, tls)];

        RabbitMQSettings.From(options).Endpoints.Should().HaveCount(2);
    }

    internal static async Task WithoutAContainer(
        Publisher<User> publisher, RabbitMQBackplaneOptions<User> options, CancellationToken cancellationToken)
    {
        await using var backplane = await RabbitMQBackplane<User>.ConnectAsync(publisher, options, cancellationToken);
        await backplane.PublishAsync("hello", "news", cancellationToken);
        await backplane.DisconnectAsync("Ann", cancellationToken);
    }
}
