using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests the registration in a container, and what the transport changes in a connection factory.</summary>
public sealed class RegistrationTests
{
    private readonly ServiceCollection _services = new();

    public RegistrationTests() => _services.AddLogging();

    [Fact]
    public void AddServerSentEventsRabbitMQ_NoPublisher_NamesTheMissingCalls()
    {
        _services.AddServerSentEventsRabbitMQ<string>(options => options.ConnectionFactory = new ConnectionFactory());
        using var provider = _services.BuildServiceProvider();

        var resolve = () => provider.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage(
            "AddServerSentEventsRabbitMQ<String> needs *services.AddSingleton<Publisher<String>>()*services.AddServerSentEvents<String>()*");
    }

    [Fact]
    public async Task AddServerSentEventsRabbitMQ_Twice_IsOneBackplaneThatPublishes()
    {
        _services.AddSingleton(new Publisher<string>());
        _services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<string>>());
        _services.AddServerSentEventsRabbitMQ<string>(options => options.ConnectionFactory = new ConnectionFactory());
        _services.AddServerSentEventsRabbitMQ<string>(options => options.ConnectionFactory = new ConnectionFactory());
        await using var provider = _services.BuildServiceProvider();

        provider.GetServices<IEventPublisher>().Should().ContainSingle()
            .Which.Should().BeSameAs(provider.GetRequiredService<RabbitMQBackplane<string>>());
        var check = provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle().Subject;
        check.Name.Should().Be("server-sent-events-rabbitmq-System.String");
        check.Tags.Should().Equal("ready");
    }

    [Fact]
    public void AddServerSentEventsRabbitMQ_TwoTypesOfOneName_HaveAHealthCheckEach()
    {
        using var provider = _services
            .AddServerSentEventsRabbitMQ<First.User>(_ => { })
            .AddServerSentEventsRabbitMQ<Second.User>(_ => { })
            .BuildServiceProvider();

        provider.GetRequiredService<HealthCheckService>().Should().NotBeNull("it refuses two of the same name");
    }

    [Fact]
    public async Task AddServerSentEventsRabbitMQPublisher_Called_RegistersThePublisherAndItsHealthCheck()
    {
        using var port = new ClosedPort();
        _services.AddServerSentEventsRabbitMQPublisher(
            options => options.ConnectionFactory = new ConnectionFactory { Port = port.Number });
        await using var provider = _services.BuildServiceProvider();

        provider.GetRequiredService<IEventPublisher>().Should().BeOfType<RabbitMQEventPublisher>();
        provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle()
            .Which.Name.Should().Be("server-sent-events-rabbitmq-publisher");
    }

    [Fact]
    public void Transport_FactoryWithDefaults_TurnsRecoveryOffAndShortensTimes()
    {
        var factory = new ConnectionFactory();

        _ = new RabbitMQTransport(RabbitMQSettings.From(new RabbitMQBackplaneOptions<string> { ConnectionFactory = factory }));

        factory.AutomaticRecoveryEnabled.Should().BeFalse();
        factory.TopologyRecoveryEnabled.Should().BeFalse();
        factory.RequestedHeartbeat.Should().Be(TimeSpan.FromSeconds(6));
        factory.ContinuationTimeout.Should().Be(TimeSpan.FromSeconds(5));
        factory.RequestedConnectionTimeout.Should().Be(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Transport_FactoryWithOtherTimes_KeepsThem()
    {
        var factory = new ConnectionFactory
        {
            RequestedHeartbeat = TimeSpan.FromSeconds(20),
            ContinuationTimeout = TimeSpan.FromSeconds(7),
            RequestedConnectionTimeout = TimeSpan.FromSeconds(8),
        };

        _ = new RabbitMQTransport(RabbitMQSettings.From(new RabbitMQBackplaneOptions<string> { ConnectionFactory = factory }));

        factory.RequestedHeartbeat.Should().Be(TimeSpan.FromSeconds(20));
        factory.ContinuationTimeout.Should().Be(TimeSpan.FromSeconds(7));
        factory.RequestedConnectionTimeout.Should().Be(TimeSpan.FromSeconds(8));
    }

    private static class First
    {
        internal sealed class User;
    }

    private static class Second
    {
        internal sealed class User;
    }
}
