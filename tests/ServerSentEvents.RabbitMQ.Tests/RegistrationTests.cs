using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.RabbitMQ.Tests.InMemory;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class RegistrationTests
{
    private readonly ServiceCollection _services = new();

    public RegistrationTests() => _services.AddLogging();

    [Fact]
    public void AddServerSentEventsRabbitMQ_NoPublisher_NamesTheMissingCall()
    {
        _services.AddServerSentEventsRabbitMQ<string>(options => options.ConnectionFactory = new ConnectionFactory());
        using var provider = _services.BuildServiceProvider();

        var resolve = () => provider.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage("*call services.AddServerSentEvents<String>() too*");
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
        provider.GetServices<IHostedService>().OfType<BackplaneService<string>>().Should().ContainSingle();
        var check = provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle().Subject;
        check.Name.Should().Be("server-sent-events-rabbitmq-System.String");
        check.Tags.Should().Equal("ready");
    }

    [Fact]
    public async Task HealthCheck_WhileItReadsBack_IsUnhealthyAndHealthyWhenItHas()
    {
        var stream = new InMemoryStream();
        stream.HoldReaders(true);
        await using var backplane = new RabbitMQBackplane<string>(
            new Publisher<string>(),
            new Settings<string>(new RabbitMQBackplaneOptions<string> { ConnectionFactory = new ConnectionFactory() }),
            stream);
        var check = new BackplaneHealthCheck<string>(backplane);
        var context = new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, HealthStatus.Unhealthy, tags: null) };
        backplane.Start();
        await Limits.UntilAsync(() => stream.Messages.Count > 0);

        var before = await check.CheckHealthAsync(context);
        stream.HoldReaders(false);
        await backplane.CaughtUp.WithinPatience();
        var after = await check.CheckHealthAsync(context);

        before.Status.Should().Be(HealthStatus.Unhealthy);
        after.Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public void Transport_OfAFactory_SwitchesOffTheLibrarysOwnRecovery()
    {
        var factory = new ConnectionFactory();

        RabbitMQTransport.For(new Settings<string>(new RabbitMQBackplaneOptions<string> { ConnectionFactory = factory }));

        factory.AutomaticRecoveryEnabled.Should().BeFalse("it would read again from where it first began");
        factory.TopologyRecoveryEnabled.Should().BeFalse();
    }

    [Fact]
    public async Task HealthCheck_FromStartThroughAnOutage_IsUnhealthyHealthyAndDegraded()
    {
        var stream = new InMemoryStream();
        stream.Stop();
        var options = new RabbitMQBackplaneOptions<string>
        {
            ConnectionFactory = new ConnectionFactory(),
            PublishTimeout = TimeSpan.FromMilliseconds(100),
        };
        await using var backplane = new RabbitMQBackplane<string>(new Publisher<string>(), new Settings<string>(options), stream);
        var check = new BackplaneHealthCheck<string>(backplane);
        var context = new HealthCheckContext
        {
            Registration = new HealthCheckRegistration("x", check, HealthStatus.Unhealthy, tags: null),
        };

        await new BackplaneService<string>(backplane).StartAsync(CancellationToken.None).WithinPatience();
        (await check.CheckHealthAsync(context)).Status.Should().Be(HealthStatus.Unhealthy, "the application starts without a broker");
        stream.Start();
        await backplane.CaughtUp.WithinPatience();
        await Limits.UntilAsync(() => backplane.IsCaughtUp);
        (await check.CheckHealthAsync(context)).Status.Should().Be(HealthStatus.Healthy);
        stream.Block("low on disk");
        var blocked = await check.CheckHealthAsync(context);
        (blocked.Status, blocked.Description).Should().Be(
            (HealthStatus.Degraded, "Nothing can be published: the broker blocks publishers (low on disk)."));
        stream.Block(null);
        (await check.CheckHealthAsync(context)).Status.Should().Be(HealthStatus.Healthy);
        stream.Stop();
        await Limits.UntilAsync(() => !backplane.IsCaughtUp);
        (await check.CheckHealthAsync(context)).Status.Should().Be(HealthStatus.Degraded);
    }

    [Fact]
    public async Task IsCaughtUp_Disposed_IsFalse()
    {
        var node = await TestNode.StartAsync(new InMemoryStream());
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);

        await node.DisposeAsync();

        node.Backplane.IsCaughtUp.Should().BeFalse();
    }

    [Fact]
    public void AddServerSentEventsRabbitMQ_TwoTypesOfOneName_HaveAHealthCheckEach()
    {
        using var provider = new ServiceCollection().AddLogging()
            .AddServerSentEventsRabbitMQ<First.User>(_ => { })
            .AddServerSentEventsRabbitMQ<Second.User>(_ => { })
            .BuildServiceProvider();

        provider.GetRequiredService<HealthCheckService>().Should().NotBeNull("it refuses two of the same name");
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
