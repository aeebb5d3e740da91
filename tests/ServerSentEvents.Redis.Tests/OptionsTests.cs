using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using ServerSentEvents.Redis.Internal;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests the defaults and the ranges of the options, and the registration in a container.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void BackplaneOptions_New_HaveTheDocumentedDefaults() =>
        OptionValues.Of(new RedisBackplaneOptions<string>()).Should().Equal(new Dictionary<string, object?>(PublisherDefaults)
        {
            ["MaxAge"] = TimeSpan.FromDays(1),
            ["ReadBack"] = TimeSpan.FromHours(1),
            ["Personalize"] = null,
            ["SubscriberKey"] = null,
        });

    [Fact]
    public void PublisherOptions_New_HaveTheDefaultsOfTheBackplane() =>
        OptionValues.Of(new RedisPublisherOptions()).Should().Equal(PublisherDefaults);

    private static Dictionary<string, object?> PublisherDefaults => new()
    {
        ["Configuration"] = null,
        ["StreamKey"] = "server-sent-events",
        ["MaxLength"] = 100_000,
        ["WaitForReplicas"] = 0,
        ["PublishTimeout"] = TimeSpan.FromSeconds(30),
        ["MaxEventBytes"] = 262_144,
        ["LoggerFactory"] = null,
        ["TimeProvider"] = TimeProvider.System,
    };

    public static TheoryData<string, Action<RedisBackplaneOptions<object?>>> WrongOptions => new()
    {
        { "Configuration", options => options.Configuration = null },
        { "Configuration", options => options.Configuration = new ConfigurationOptions() },
        { "StreamKey", options => options.StreamKey = "" },
        { "StreamKey", options => options.StreamKey = null! },
        { "MaxLength", options => options.MaxLength = 999 },
        { "MaxAge", options => options.MaxAge = TimeSpan.FromSeconds(59) },
        { "WaitForReplicas", options => options.WaitForReplicas = -1 },
        { "PublishTimeout", options => options.PublishTimeout = TimeSpan.Zero },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public async Task ConnectAsync_OptionOutOfRange_Throws(string name, Action<RedisBackplaneOptions<object?>> change)
    {
        var options = new RedisBackplaneOptions<object?> { Configuration = ConfigurationOptions.Parse("127.0.0.1:1") };
        change(options);

        var connect = () => RedisBackplane<object?>.ConnectAsync(new Publisher(), options);

        (await connect.Should().ThrowAsync<ArgumentException>()).WithMessage($"{name} *").WithParameterName("options");
    }

    [Fact]
    public void Settings_ConfigurationChangesLater_KeepTheCopy()
    {
        var options = new RedisPublisherOptions { Configuration = ConfigurationOptions.Parse("one:1") };

        var settings = RedisSettings.From(options);
        options.Configuration.EndPoints.Add("other:2");

        settings.Configuration.EndPoints.Should().ContainSingle();
    }

    [Fact]
    public void AddServerSentEventsRedis_NoPublisher_NamesTheMissingCall()
    {
        using var provider = new ServiceCollection().AddLogging()
            .AddServerSentEventsRedis<string>(options => options.Configuration = ConfigurationOptions.Parse("127.0.0.1:1"))
            .BuildServiceProvider();

        var resolve = () => provider.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>()
            .WithMessage("AddServerSentEventsRedis<String> needs the publisher of this node. Call *");
    }

    [Fact]
    public async Task AddServerSentEventsRedis_Twice_RegistersOneBackplaneAndOneHealthCheck()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(new Publisher<string>());
        for (var call = 0; call < 2; call++)
            services.AddServerSentEventsRedis<string>(options => options.Configuration = ConfigurationOptions.Parse("127.0.0.1:1"));
        await using var provider = services.BuildServiceProvider();

        provider.GetServices<IEventPublisher>().Should().ContainSingle()
            .Which.Should().BeSameAs(provider.GetRequiredService<RedisBackplane<string>>());
        var check = provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle().Subject;
        check.Name.Should().Be("server-sent-events-redis-System.String");
        check.Tags.Should().Equal("ready");
    }

    [Fact]
    public async Task AddServerSentEventsRedisPublisher_Called_RegistersThePublisherAndItsHealthCheck()
    {
        await using var provider = new ServiceCollection().AddLogging()
            .AddServerSentEventsRedisPublisher(options => options.Configuration = ConfigurationOptions.Parse("127.0.0.1:1"))
            .BuildServiceProvider();

        provider.GetRequiredService<IEventPublisher>().Should().BeOfType<RedisEventPublisher>();
        provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Should().ContainSingle()
            .Which.Name.Should().Be("server-sent-events-redis-publisher");
    }
}
