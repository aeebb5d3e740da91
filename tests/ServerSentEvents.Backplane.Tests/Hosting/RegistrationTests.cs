using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the registration of backplanes in a container, and their start and stop with a host.</summary>
public sealed class RegistrationTests
{
    private readonly InMemoryStream _stream = new();

    private sealed record User;

    private sealed class Announcer(IEventPublisher events) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => events.PublishAsync("start", default, cancellationToken).AsTask();

        public Task StopAsync(CancellationToken cancellationToken) => events.PublishAsync("stop", default, cancellationToken).AsTask();
    }

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
    public async Task AddServerSentEventsBackplane_AfterAKeyedOneOfTheApplication_IsRegistered()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<Publisher<string>>();
        services.AddKeyedSingleton<TestBackplane>("other", (_, _) => null!);
        Add(services);
        await using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IEventPublisher>().Should().BeSameAs(provider.GetRequiredService<TestBackplane>());
        provider.GetServices<IHostedService>().OfType<BackplaneService>().Should().ContainSingle();
    }

    [Fact]
    public void IEventPublisher_TwoBackplanes_ThrowsWithBothNamesAndTheRemedy()
    {
        using var provider = TwoBackplanes().BuildServiceProvider();

        var resolve = () => provider.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage(
            "IEventPublisher is ambiguous: TestBackplane and StreamBackplane<User> are registered. "
            + "Ask for one of these types, or choose one after them: "
            + "services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<TestBackplane>()).");
    }

    [Fact]
    public void IEventPublisher_BackplaneAndPublisherOfAProcessWithoutClients_Throws()
    {
        var services = new ServiceCollection();
        services.AddServerSentEventsBackplane<TestPublisher, TestPublisherOptions>(_ => { }, (_, _) => null!, "publisher");
        Add(services);
        using var provider = services.BuildServiceProvider();

        var resolve = () => provider.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage("*: TestPublisher and TestBackplane are registered*");
    }

    [Fact]
    public async Task IEventPublisher_RegisteredByTheApplicationAfterTwoBackplanes_TakesPrecedence()
    {
        var services = TwoBackplanes().AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<TestBackplane>());
        await using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IEventPublisher>().Should().BeSameAs(provider.GetRequiredService<TestBackplane>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task IEventPublisher_PublisherOfTheNodeAndABackplane_IsTheBackplaneInAnyOrder(int position)
    {
        // AddServerSentEvents registers its publisher in this way.
        List<Action<IServiceCollection>> calls =
            [services => services.TryAddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<string>>())];
        calls.Insert(position, services => Add(services));
        var services = new ServiceCollection().AddSingleton<Publisher<string>>();
        calls.ForEach(call => call(services));
        await using var provider = services.BuildServiceProvider();

        provider.GetServices<IEventPublisher>().Should().ContainSingle()
            .Which.Should().BeSameAs(provider.GetRequiredService<TestBackplane>());
    }

    [Fact]
    public async Task AddServerSentEventsBackplane_PublisherIsResolved_HasItsOptionsAndTheLogAndClockOfTheContainer()
    {
        TestPublisherOptions? used = null;
        await using var provider = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(new FakeTimeProvider())
            .AddServerSentEventsBackplane(
                options => options.PublishTimeout = TimeSpan.FromSeconds(7),
                (IServiceProvider _, TestPublisherOptions options) => new TestPublisher(used = options, _stream),
                "publisher")
            .BuildServiceProvider();
        used.Should().BeNull("the options are set when the publisher is created");

        provider.GetRequiredService<TestPublisher>();

        used!.PublishTimeout.Should().Be(TimeSpan.FromSeconds(7));
        used.LoggerFactory.Should().BeSameAs(provider.GetRequiredService<ILoggerFactory>());
        used.TimeProvider.Should().BeSameAs(provider.GetRequiredService<TimeProvider>());
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
    public async Task Host_ServiceBeforeTheBackplanePublishesAtStartAndStop_BothAreConfirmed()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddHostedService<Announcer>().AddSingleton<Publisher<string>>();
        Add(builder.Services);
        using var host = builder.Build();

        await host.StartAsync().WithinPatience();
        await host.StopAsync().WithinPatience();

        _stream.Messages.Should().HaveCount(3, "a marker and two events");
        _stream.Connections.Should().Be(0);
    }

    [Fact]
    public async Task StartAsync_HostThatCallsNoStartingAsync_Connects()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<Publisher<string>>();
        Add(services);
        await using var provider = services.BuildServiceProvider();

        await provider.GetServices<IHostedService>().OfType<BackplaneService>().Single().StartAsync(CancellationToken.None).WithinPatience();

        provider.GetRequiredService<TestBackplane>().IsCaughtUp.Should().BeTrue();
    }

    [Fact]
    public async Task Host_OptionIsRefused_StartFails()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton<Publisher<string>>();
        Add(builder.Services, options => options.PublishTimeout = TimeSpan.Zero);
        using var host = builder.Build();

        await host.Invoking(each => each.StartAsync().WithinPatience()).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task Host_NoBroker_StartsAfterTheTimeoutAndIsUnhealthy()
    {
        _stream.Stop();
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton<Publisher<string>>();
        Add(builder.Services, options => options.PublishTimeout = TimeSpan.FromMilliseconds(50));
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
        var ofThisMethod = () => provider.GetRequiredPublisher<string>();

        typed.Should().Throw<InvalidOperationException>().WithMessage(
            "AddServerSentEventsMemory<String> needs the publisher of this node. Call services.AddSingleton<Publisher<String>>(), or "
            + "services.AddServerSentEvents<String>() of ServerSentEvents.AspNetCore.");
        untyped.Should().Throw<InvalidOperationException>().WithMessage(
            "AddServerSentEventsMemory<Object> needs the publisher of this node. Call services.AddSingleton<Publisher>(), or "
            + "services.AddServerSentEvents() of ServerSentEvents.AspNetCore.");
        ofThisMethod.Should().Throw<InvalidOperationException>().WithMessage(
            $"{nameof(GetRequiredPublisher_NoPublisher_NamesTheCalls)}<String> needs *");
    }

    [Fact]
    public void GetRequiredPublisher_PublisherOfEitherType_IsFound()
    {
        using var typed = new ServiceCollection().AddSingleton<Publisher<object?>>().BuildServiceProvider();
        using var untyped = new ServiceCollection().AddSingleton<Publisher>().BuildServiceProvider();

        typed.GetRequiredPublisher<object?>().Should().BeSameAs(typed.GetRequiredService<Publisher<object?>>());
        untyped.GetRequiredPublisher<object?>().Should().BeSameAs(untyped.GetRequiredService<Publisher>());
    }

    [Fact]
    public void AddServerSentEventsBackplane_NullArgument_Throws()
    {
        var services = new ServiceCollection();
        var withoutServices = () => Add(null!);
        var withoutConfigure = () => services.AddServerSentEventsBackplane<TestBackplane, TestOptions>(null!, (_, _) => null!, "orders");
        var withoutCreate = () => services.AddServerSentEventsBackplane<TestBackplane, TestOptions>(_ => { }, null!, "orders");
        var withoutName = () => services.AddServerSentEventsBackplane<TestBackplane, TestOptions>(_ => { }, (_, _) => null!, null!);
        var withoutProvider = () => ((IServiceProvider)null!).GetRequiredPublisher<string>();

        withoutServices.Should().Throw<ArgumentNullException>().WithParameterName("services");
        withoutConfigure.Should().Throw<ArgumentNullException>().WithParameterName("configure");
        withoutCreate.Should().Throw<ArgumentNullException>().WithParameterName("create");
        withoutName.Should().Throw<ArgumentNullException>().WithParameterName("healthCheckName");
        withoutProvider.Should().Throw<ArgumentNullException>().WithParameterName("provider");
        services.Should().BeEmpty();
    }

    private IServiceCollection TwoBackplanes()
    {
        var services = new ServiceCollection().AddSingleton<Publisher<string>>();
        Add(services);
        services.AddServerSentEventsBackplane<StreamBackplane<User>, TestOptions>(_ => { }, (_, _) => null!, "users");
        // A second call for one type does not make it ambiguous with itself.
        Add(services);
        return services;
    }

    private void Add(IServiceCollection services, Action<TestOptions>? configure = null) => services.AddServerSentEventsBackplane(
        configure ?? (_ => { }),
        (provider, options) => new TestBackplane(provider.GetRequiredPublisher<string>(), options, _stream),
        "orders");
}
