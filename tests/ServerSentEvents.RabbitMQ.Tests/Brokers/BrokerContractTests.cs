using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests the contract of a transport over RabbitMQ.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class RabbitMQTransportTests(SingleBroker broker) : TransportContract
{
    protected override ITestBroker Broker => broker;
}

/// <summary>Tests the contract of a backplane over RabbitMQ.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class RabbitMQBackplaneTests(SingleBroker broker) : BackplaneContract
{
    protected override ITestBroker Broker => broker;

    [SkippableFact]
    public async Task AddServerSentEventsRabbitMQ_HostRuns_PublishesThroughTheBrokerAndIsHealthy()
    {
        RabbitMQPrograms.Require();
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(new Publisher<string>());
        builder.Services.AddServerSentEventsRabbitMQ<string>(options => Configure(options, "hosted"));
        using var host = builder.Build();
        await host.StartAsync().WithinPatience();
        await using var elsewhere = await TestNode.StartAsync(broker.Open("hosted"));
        await using var client = elsewhere.Connect();

        await host.Services.GetRequiredService<IEventPublisher>().PublishAsync("hello").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("hello");
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        health.Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync().WithinPatience();
    }

    [SkippableFact]
    public async Task AddServerSentEventsRabbitMQPublisher_UserMayOnlyWrite_PublishesAndDisconnects()
    {
        RabbitMQPrograms.Require();
        await using var node = await TestNode.StartAsync(broker.Open("worked"), options => options.SubscriberKey = name => name);
        await using var client = node.Connect(name: "Ann");
        await broker.Nodes[0].CtlAsync("add_user", "worker", "secret");
        await broker.Nodes[0].CtlAsync("set_permissions", "worker", "^$", "^amq\\.default$", "^$");
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddServerSentEventsRabbitMQPublisher(options =>
        {
            options.ConnectionFactory = PrivateBroker.NewFactory();
            (options.ConnectionFactory.UserName, options.ConnectionFactory.Password) = ("worker", "secret");
            options.Endpoints = broker.Endpoints;
            options.StreamName = "worked";
        });
        using var host = builder.Build();
        await host.StartAsync().WithinPatience();
        var publisher = host.Services.GetRequiredService<RabbitMQEventPublisher>();

        await host.Services.GetRequiredService<IEventPublisher>().PublishAsync("hello").WithinPatience();
        (await client.NextAsync()).Data.Should().Be("hello");
        await publisher.DisconnectAsync("Ann").WithinPatience();

        (await client.RestAsync()).Should().BeEmpty();
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        health.Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync().WithinPatience();
    }

    private void Configure(RabbitMQBackplaneOptions<string> options, string stream)
    {
        options.ConnectionFactory = PrivateBroker.NewFactory();
        options.Endpoints = broker.Endpoints;
        options.StreamName = stream;
    }
}
