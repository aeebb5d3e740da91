using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>The contract over a real broker.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class BrokerContractTests(SingleBroker broker) : BackplaneContract, IClassFixture<SingleBroker>
{
    private protected override ITestBroker Broker
    {
        get
        {
            RabbitMQPrograms.Require();
            return broker;
        }
    }

    [SkippableFact]
    public async Task AddServerSentEventsRabbitMQ_HostRuns_PublishesThroughTheBrokerAndIsHealthy()
    {
        RabbitMQPrograms.Require();
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(new Publisher<string>());
        builder.Services.AddServerSentEventsRabbitMQ<string>(options =>
        {
            options.ConnectionFactory = PrivateBroker.NewFactory();
            options.Endpoints = broker.Endpoints;
            options.StreamName = "hosted";
        });
        using var host = builder.Build();
        await host.StartAsync().WithinPatience();
        await using var elsewhere = await TestNode.StartAsync(broker.Open("hosted"));
        await using var client = elsewhere.Connect();

        await host.Services.GetRequiredService<IEventPublisher>().PublishAsync("hello").AsTask().WithinPatience();

        (await client.NextAsync()).Data.Should().Be("hello");
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        health.Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync().WithinPatience();
    }
}
