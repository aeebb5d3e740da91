using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Tests.Hosting;

public sealed class RegistrationTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task AddServerSentEventsBackplane_Twice_IsOneBackplane()
    {
        var services = new ServiceCollection().AddLogging()
            .AddSingleton<Publisher<string>>()
            .AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<string>>());
        Add(services);
        Add(services);
        await using var provider = services.BuildServiceProvider();

        provider.GetServices<IEventPublisher>().Should().ContainSingle()
            .Which.Should().BeSameAs(provider.GetRequiredService<TestBackplane>());
        provider.GetServices<IHostedService>().OfType<BackplaneService>().Should().ContainSingle();
        var check = provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle().Subject;
        check.Name.Should().Be("orders");
        check.Tags.Should().Equal("ready");
        check.FailureStatus.Should().Be(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task Host_StartsAndStops_ConnectsAndDisconnects()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton<Publisher<string>>();
        Add(builder.Services);
        using var host = builder.Build();

        await host.StartAsync().WithinPatience();
        var backplane = host.Services.GetRequiredService<TestBackplane>();
        backplane.IsCaughtUp.Should().BeTrue();
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        report.Entries["orders"].Status.Should().Be(HealthStatus.Healthy);
        await host.Services.GetRequiredService<IEventPublisher>().PublishAsync("a").WithinPatience();
        await host.StopAsync().WithinPatience();

        backplane.IsCaughtUp.Should().BeFalse();
        _stream.Connections.Should().Be(0);
    }

    [Fact]
    public async Task Host_NoBroker_StartsAfterTheTimeoutAndIsUnhealthy()
    {
        _stream.Stop();
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton<Publisher<string>>();
        Add(builder.Services, new TestOptions { PublishTimeout = TimeSpan.FromMilliseconds(50) });
        using var host = builder.Build();

        await host.StartAsync().WithinPatience();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        report.Entries["orders"].Status.Should().Be(HealthStatus.Unhealthy);
        await host.StopAsync().WithinPatience();
    }

    [Fact]
    public void GetRequiredPublisher_NoPublisher_NamesTheCalls()
    {
        using var provider = new ServiceCollection().BuildServiceProvider();

        var typed = () => provider.GetRequiredPublisher<string>("AddServerSentEventsMemory");
        var untyped = () => provider.GetRequiredPublisher<object?>("AddServerSentEventsMemory");

        typed.Should().Throw<InvalidOperationException>().WithMessage(
            "AddServerSentEventsMemory needs the publisher of this node. Call services.AddSingleton<Publisher<String>>(), or "
            + "services.AddServerSentEvents<String>() of ServerSentEvents.AspNetCore.");
        untyped.Should().Throw<InvalidOperationException>().WithMessage(
            "AddServerSentEventsMemory needs the publisher of this node. Call services.AddSingleton<Publisher>(), or "
            + "services.AddServerSentEvents() of ServerSentEvents.AspNetCore.");
    }

    [Fact]
    public void GetRequiredPublisher_PublisherOfEitherType_IsFound()
    {
        using var typed = new ServiceCollection().AddSingleton<Publisher<object?>>().BuildServiceProvider();
        using var untyped = new ServiceCollection().AddSingleton<Publisher>().BuildServiceProvider();

        typed.GetRequiredPublisher<object?>("").Should().BeSameAs(typed.GetRequiredService<Publisher<object?>>());
        untyped.GetRequiredPublisher<object?>("").Should().BeSameAs(untyped.GetRequiredService<Publisher>());
    }

    [Fact]
    public void AddServerSentEventsBackplane_NullArgument_Throws()
    {
        var services = new ServiceCollection();
        var withoutServices = () => ((IServiceCollection)null!).AddServerSentEventsBackplane<TestBackplane>(_ => null!, "orders");
        var withoutCreate = () => services.AddServerSentEventsBackplane<TestBackplane>(null!, "orders");
        var withoutName = () => services.AddServerSentEventsBackplane<TestBackplane>(_ => null!, null!);
        var withoutProvider = () => ((IServiceProvider)null!).GetRequiredPublisher<string>("Add");

        withoutServices.Should().Throw<ArgumentNullException>().WithParameterName("services");
        withoutCreate.Should().Throw<ArgumentNullException>().WithParameterName("create");
        withoutName.Should().Throw<ArgumentNullException>().WithParameterName("healthCheckName");
        withoutProvider.Should().Throw<ArgumentNullException>().WithParameterName("provider");
        services.Should().BeEmpty();
    }

    private void Add(IServiceCollection services, TestOptions? options = null) => services.AddServerSentEventsBackplane(
        provider => new TestBackplane(provider.GetRequiredPublisher<string>("Add"), options ?? new TestOptions(), _stream), "orders");
}
