using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the registration of publishers with options from configuration.</summary>
public sealed class OptionsConfigurationTests
{
    /// <summary>The options that configuration cannot hold.</summary>
    private static readonly string[] OnlyInCode = [nameof(PublisherOptions.GapEvent), nameof(PublisherOptions.TimeProvider)];

    /// <summary>A value for each option that differs from its default, as text and as the option has it.</summary>
    private static readonly Dictionary<string, (string Text, object Value)> Values = new()
    {
        [nameof(PublisherOptions.QueueCapacity)] = ("17", 17),
        [nameof(PublisherOptions.QueueCapacityBytes)] = ("5000000000", 5_000_000_000),
        [nameof(PublisherOptions.QueueOverflow)] = ("dropOldest", QueueOverflow.DropOldest),
        [nameof(PublisherOptions.MaxEventBytes)] = ("18", 18),
        [nameof(PublisherOptions.MaxSubscribers)] = ("19", 19),
        [nameof(PublisherOptions.LingerTimeout)] = ("00:00:20", TimeSpan.FromSeconds(20)),
        [nameof(PublisherOptions.HistoryCapacity)] = ("21", 21),
        [nameof(PublisherOptions.HistoryCapacityBytes)] = ("6000000000", 6_000_000_000),
        [nameof(PublisherOptions.HistoryMaxAge)] = ("2.00:00:00", TimeSpan.FromDays(2)),
        [nameof(PublisherOptions.HeartbeatInterval)] = ("00:00:22", TimeSpan.FromSeconds(22)),
        [nameof(PublisherOptions.ReconnectionInterval)] = ("00:00:02.5", TimeSpan.FromSeconds(2.5)),
        [nameof(PublisherOptions.ReconnectionJitter)] = ("00:00:24", TimeSpan.FromSeconds(24)),
    };

    public static TheoryData<string> OptionNames =>
        new(typeof(PublisherOptions).GetProperties().Select(property => property.Name));

    [Theory]
    [MemberData(nameof(OptionNames))]
    public void Configuration_EachOption_IsSetOrRefused(string name)
    {
        var property = typeof(PublisherOptions).GetProperty(name)!;
        if (OnlyInCode.Contains(name))
        {
            var options = () => OptionsFrom((name, "x"));
            options.Should().Throw<InvalidOperationException>().WithMessage($"*ServerSentEvents:{name}*only be set in code*");
            return;
        }

        var (text, value) = Values[name];
        property.GetValue(new PublisherOptions()).Should().NotBe(value);
        property.GetValue(OptionsFrom((name, text))).Should().Be(value);
        property.GetValue(OptionsFrom((name.ToUpperInvariant(), text))).Should().Be(value, "keys are not case-sensitive");
    }

    [Theory]
    [InlineData(nameof(EventStreamOptions.CloseOnAuthenticationExpiration), "false")]
    [InlineData(nameof(EventStreamOptions.MaxStreamAge), "1.00:00:00")]
    [InlineData(nameof(EventStreamOptions.UnresponsiveTimeout), "00:00:20")]
    [InlineData(nameof(EventStreamOptions.AcceptLastEventIdQuery), "False")]
    public void Configuration_OptionOfAllStreams_IsSet(string name, string text)
    {
        typeof(EventStreamOptions).GetProperties().Should().HaveCount(4, "each option has a case here");
        var property = typeof(EventStreamOptions).GetProperty(name)!;
        using var services = new ServiceCollection().AddServerSentEvents(Section((name, text)))
            .AddServerSentEvents<string>(Section()).BuildServiceProvider();

        var value = property.GetValue(services.GetRequiredService<IOptions<EventStreamOptions>>().Value);

        value.Should().NotBe(property.GetValue(new EventStreamOptions()));
        Convert.ToString(value, CultureInfo.InvariantCulture).Should().BeEquivalentTo(text);
    }

    [Theory]
    [InlineData(nameof(EventStreamOptions.MaxStreamAge), "00:00:00", "*MaxStreamAge must be above zero*")]
    [InlineData(nameof(EventStreamOptions.AcceptLastEventIdQuery), "no", "*not recognized as a valid Boolean*")]
    public void Configuration_BadValueOfAllStreams_IsRefusedWithTheKeyAndTheReason(string name, string text, string reason)
    {
        using var services = new ServiceCollection().AddServerSentEvents<string>(Section((name, text))).BuildServiceProvider();

        var options = () => services.GetRequiredService<IOptions<EventStreamOptions>>().Value;

        options.Should().Throw<InvalidOperationException>()
            .WithMessage($"The configuration value '{text}' at 'ServerSentEvents:{name}' is refused. {reason}");
    }

    [Fact]
    public async Task Start_ValueIsOutOfRange_StopsTheApplication()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["ServerSentEvents:HeartbeatInterval"] = "15";
        builder.Services.AddServerSentEvents(builder.Configuration.GetSection("ServerSentEvents"));
        await using var app = builder.Build();
        app.MapGet("/events", (Publisher publisher) => publisher.ToResult(new()));

        var start = () => app.StartAsync().WaitAsync(Limits.Patience);

        await start.Should().ThrowAsync<InvalidOperationException>().WithMessage("*ServerSentEvents:HeartbeatInterval*");
    }

    [Fact]
    public void Configuration_Untouched_KeepsTheDefaults()
    {
        var options = OptionsFrom(("Unknown", "x"));

        options.QueueCapacity.Should().Be(new PublisherOptions().QueueCapacity);
        options.HeartbeatInterval.Should().Be(TimeSpan.FromSeconds(15));
    }

    [Theory]
    [InlineData("HeartbeatInterval")]
    [InlineData("HistoryMaxAge")]
    [InlineData("MaxSubscribers")]
    [InlineData("ReconnectionInterval")]
    public void Configuration_NullOrEmpty_SetsAnOptionToNull(string name)
    {
        var property = typeof(PublisherOptions).GetProperty(name)!;
        var json = $$"""{ "ServerSentEvents": { "{{name}}": null } }""";
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new($"ServerSentEvents:{name}", Values[name].Text)])
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)))
            .Build();

        property.GetValue(OptionsFrom(configuration.GetSection("ServerSentEvents"))).Should().BeNull();
        property.GetValue(OptionsFrom((name, ""))).Should().BeNull();
    }

    [Theory]
    [InlineData("QueueCapacity", "many", "*not in a correct format*")]
    [InlineData("QueueCapacity", "", "*not in a correct format*")]
    [InlineData("QueueCapacity", "3000000000", "*too large*")]
    [InlineData("QueueCapacity", "0", "*QueueCapacity must be at least 1*")]
    [InlineData("QueueCapacityBytes", "1 MB", "*not in a correct format*")]
    [InlineData("QueueCapacityBytes", "0", "*QueueCapacityBytes must be at least 1*")]
    [InlineData("QueueOverflow", "Wait", "*")]
    [InlineData("QueueOverflow", "7", "*one of the three named values*")]
    [InlineData("QueueOverflow", "Disconnect, DropOldest", "*single name*")]
    [InlineData("HistoryMaxAge", "24:00:00", "*1.00:00:00*")]
    [InlineData("HistoryMaxAge", "1:02:03:04", "*1.00:00:00*")]
    [InlineData("MaxEventBytes", "0", "*MaxEventBytes must be from 1*")]
    [InlineData("MaxSubscribers", "0", "*MaxSubscribers must be at least 1*")]
    [InlineData("LingerTimeout", "", "*00:00:15*")]
    [InlineData("LingerTimeout", "00:00:00", "*LingerTimeout must be above zero*")]
    [InlineData("HistoryCapacity", "-1", "*HistoryCapacity cannot be negative*")]
    [InlineData("HeartbeatInterval", "15", "*00:00:15*")]
    [InlineData("HeartbeatInterval", "15 s", "*00:00:15*")]
    [InlineData("HeartbeatInterval", "50.00:00:00", "*HeartbeatInterval must be at most*")]
    [InlineData("ReconnectionJitter", "-00:00:01", "*ReconnectionJitter cannot be negative*")]
    public void Configuration_BadValue_IsRefusedWithTheKeyAndTheReason(string name, string text, string reason)
    {
        var options = () => OptionsFrom((name, text));

        options.Should().Throw<InvalidOperationException>()
            .WithMessage($"The configuration value '{text}' at 'ServerSentEvents:{name}' is refused. {reason}");
    }

    [Fact]
    public void Configuration_SectionInPlaceOfAValue_IsRefusedWithTheKey()
    {
        var options = () => OptionsFrom(("HeartbeatInterval:Seconds", "15"));

        options.Should().Throw<InvalidOperationException>().WithMessage("*ServerSentEvents:HeartbeatInterval*A single value*");
    }

    [Fact]
    public void Configuration_OptionsOfAllPublishersAndCode_LastCallForThePublisherWins()
    {
        PublisherOptions? plain = null;
        PublisherOptions? typed = null;
        using var services = new ServiceCollection()
            .AddServerSentEvents(Section(("QueueCapacity", "2"), ("HistoryCapacity", "2")))
            .AddServerSentEvents(options => (options.QueueCapacity, plain) = (3, options))
            .AddServerSentEvents<string>(options => (options.QueueCapacity, typed) = (3, options))
            .AddServerSentEvents<string>(Section(("QueueCapacity", "4")))
            .Configure<PublisherOptions>(all => (all.QueueCapacity, all.HistoryCapacity, all.MaxEventBytes) = (9, 9, 9))
            .BuildServiceProvider();

        services.GetRequiredService<Publisher>();
        services.GetRequiredService<Publisher<string>>();

        (plain!.QueueCapacity, plain.HistoryCapacity, plain.MaxEventBytes).Should().Be((3, 2, 9));
        (typed!.QueueCapacity, typed.HistoryCapacity, typed.MaxEventBytes).Should().Be((4, 9, 9));
    }

    [Fact]
    public void AddServerSentEvents_ConfigurationForObject_RegistersThePlainPublisher()
    {
        using var services = new ServiceCollection()
            .AddServerSentEvents<object?>(Section(("HistoryCapacity", "1"))).BuildServiceProvider();

        var resumed = services.GetRequiredService<Publisher>().Subscribe(new SubscribeOptions<object?> { LastEventId = "unknown" });

        resumed.Resume.Should().Be(ResumeResult.Gap, "there is a history");
    }

    private static PublisherOptions OptionsFrom(params (string Key, string Value)[] values) => OptionsFrom(Section(values));

    /// <summary>Returns the options of a publisher that is registered with this configuration.</summary>
    private static PublisherOptions OptionsFrom(IConfiguration configuration)
    {
        PublisherOptions? options = null;
        using var services = new ServiceCollection()
            .AddServerSentEvents(configuration).AddServerSentEvents(created => options = created).BuildServiceProvider();
        services.GetRequiredService<Publisher>();
        return options!;
    }

    private static IConfiguration Section(params (string Key, string Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"ServerSentEvents:{value.Key}", (string?)value.Value)))
        .Build().GetSection("ServerSentEvents");
}
