using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the sources of the options of a registered publisher.</summary>
public sealed class PublisherOptionsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    [Trait("Statement", "19")]
    public async Task Options_Untouched_SendAHeartbeatAfter15Seconds()
    {
        using var services = new ServiceCollection().AddSingleton<TimeProvider>(_time).AddServerSentEvents().BuildServiceProvider();
        var subscription = services.GetRequiredService<Publisher>().Subscribe();

        _time.Advance(TimeSpan.FromSeconds(14.9));
        subscription.QueuedEvents.Should().Be(0);
        _time.Advance(TimeSpan.FromSeconds(4));

        subscription.Close();
        (await subscription.ToArrayAsync()).Should().Equal(":\n");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Options_HeartbeatIntervalNull_SwitchesHeartbeatsOff(bool byRegistration)
    {
        var services = new ServiceCollection().AddSingleton<TimeProvider>(_time);
        if (byRegistration)
            services.AddServerSentEvents(options => options.HeartbeatInterval = null);
        else
            services.AddServerSentEvents().Configure<PublisherOptions>(options => options.HeartbeatInterval = null);
        using var provider = services.BuildServiceProvider();
        var subscription = provider.GetRequiredService<Publisher>().Subscribe();

        _time.Advance(TimeSpan.FromMinutes(5));

        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public void Options_TimeProviderIsRegistered_PublisherUsesIt()
    {
        using var services = new ServiceCollection().AddSingleton<TimeProvider>(_time).AddServerSentEvents().BuildServiceProvider();

        services.GetRequiredService<Publisher>().Subscribe().SubscribedAt.Should().Be(_time.GetUtcNow());
    }

    [Fact]
    public void Options_NoTimeProviderIsRegistered_PublisherUsesTheSystemClock()
    {
        using var services = new ServiceCollection().AddServerSentEvents().BuildServiceProvider();

        services.GetRequiredService<IOptions<PublisherOptions>>().Value.TimeProvider.Should().BeSameAs(TimeProvider.System);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Options_BoundFromConfiguration_ReachEveryPublisher(bool before)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ServerSentEvents:QueueCapacity"] = "2",
            ["ServerSentEvents:QueueOverflow"] = nameof(QueueOverflow.DropNewest),
            ["ServerSentEvents:HeartbeatInterval"] = "00:00:40",
        }).Build();
        var services = new ServiceCollection().AddSingleton<TimeProvider>(_time);
        if (before)
            services.Configure<PublisherOptions>(configuration.GetSection("ServerSentEvents"));
        services.AddServerSentEvents().AddServerSentEvents<string>(options => options.QueueCapacity = 1);
        if (!before)
            services.Configure<PublisherOptions>(configuration.GetSection("ServerSentEvents"));
        using var provider = services.BuildServiceProvider();

        var plain = provider.GetRequiredService<Publisher>().Subscribe();
        var typed = provider.GetRequiredService<Publisher<string>>().Subscribe();
        _time.Advance(TimeSpan.FromSeconds(39));
        for (var i = 0; i < 3; i++)
        {
            provider.GetRequiredService<Publisher>().Publish(i.ToString(CultureInfo.InvariantCulture));
            provider.GetRequiredService<Publisher<string>>().Publish(i.ToString(CultureInfo.InvariantCulture));
        }

        (plain.QueuedEvents, plain.DroppedEvents).Should().Be((2, 1), "no heartbeat came before its time");
        (typed.QueuedEvents, typed.DroppedEvents).Should().Be((1, 2), "the options of the registration win");
    }

    [Fact]
    public void Options_SeveralPublishers_HaveSeparateCopies()
    {
        PublisherOptions? first = null;
        PublisherOptions? second = null;
        using var services = new ServiceCollection()
            .AddServerSentEvents(options => first = options)
            .AddServerSentEvents<string>(options => second = options)
            .BuildServiceProvider();

        services.GetRequiredService<Publisher>();
        services.GetRequiredService<Publisher<string>>();

        first.Should().NotBeNull().And.NotBeSameAs(second);
        services.GetRequiredService<IOptions<PublisherOptions>>().Value.Should().NotBeSameAs(first);
    }

    [Fact]
    public void Options_OutOfRange_ThrowWhenThePublisherIsCreated()
    {
        using var services = new ServiceCollection()
            .AddServerSentEvents(options => options.QueueCapacity = 0)
            .AddServerSentEvents<string>()
            .BuildServiceProvider();

        var get = () => services.GetRequiredService<Publisher>();

        get.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*QueueCapacity*");
        services.GetRequiredService<Publisher<string>>().Should().NotBeNull();
    }

    [Fact]
    public void Options_ValidationOfTheApplicationFails_Throw()
    {
        using var services = new ServiceCollection().AddServerSentEvents()
            .AddOptions<PublisherOptions>().Validate(options => options.HistoryCapacity > 0, "We want a history.").Services
            .BuildServiceProvider();

        var get = () => services.GetRequiredService<Publisher>();

        get.Should().Throw<OptionsValidationException>().WithMessage("We want a history.");
    }

    [Fact]
    public async Task Options_ValidatedOnStart_HaveTheirFinalValues()
    {
        await using var app = await TestApplication.StartAsync(builder => builder.Services
            .AddServerSentEvents(options => options.HistoryCapacity = 100)
            .AddOptions<PublisherOptions>().Validate(options => options.HistoryCapacity > 0, "We want a history.").ValidateOnStart());

        app.Services.GetRequiredService<Publisher>().Should().NotBeNull();
    }

    [Fact]
    public void Options_WithAName_AreValidated()
    {
        using var services = new ServiceCollection().AddServerSentEvents()
            .AddOptions<PublisherOptions>("news").Validate(options => options.HistoryCapacity > 0, "We want a history.").Services
            .BuildServiceProvider();
        var monitor = services.GetRequiredService<IOptionsMonitor<PublisherOptions>>();

        monitor.Invoking(it => it.Get("news")).Should().Throw<OptionsValidationException>().WithMessage("We want a history.");
        monitor.CurrentValue.HeartbeatInterval.Should().Be(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void Options_ValidatedByTheApplication_HaveTheirFinalValues()
    {
        using var services = new ServiceCollection()
            .AddServerSentEvents(options => options.HistoryCapacity = 1)
            .PostConfigure<PublisherOptions>(options => options.QueueCapacity = options.HistoryCapacity + 1)
            .AddOptions<PublisherOptions>()
            .Validate(options => (options.HistoryCapacity, options.QueueCapacity) == (1, 2), "These are not the final options.").Services
            .BuildServiceProvider();

        services.Invoking(it => it.GetRequiredService<Publisher>()).Should().NotThrow();
    }
}
