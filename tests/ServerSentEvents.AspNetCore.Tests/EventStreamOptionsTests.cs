using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the defaults and the ranges of <see cref="EventStreamOptions"/>.</summary>
public sealed class EventStreamOptionsTests
{
    private static readonly TimeSpan TooLong = TimeSpan.FromMilliseconds(int.MaxValue + 1L);

    [Fact]
    public void Constructor_Default_HasTheDocumentedValues() =>
        OptionValues.Of(new EventStreamOptions()).Should().Equal(new Dictionary<string, object?>
        {
            ["CloseOnAuthenticationExpiration"] = true,
            ["MaxStreamAge"] = null,
            ["UnresponsiveTimeout"] = TimeSpan.FromSeconds(30),
            ["AcceptLastEventIdQuery"] = true,
        });

    public static TheoryData<EventStreamOptions, string> OutOfRange => new()
    {
        { new() { MaxStreamAge = TimeSpan.Zero }, "MaxStreamAge must be above zero*" },
        { new() { MaxStreamAge = TimeSpan.FromTicks(-1) }, "MaxStreamAge must be above zero*" },
        { new() { UnresponsiveTimeout = TimeSpan.FromSeconds(0.999) }, "UnresponsiveTimeout must be from one second*" },
        { new() { UnresponsiveTimeout = TooLong }, "UnresponsiveTimeout must be from one second*" },
        { new() { UnresponsiveTimeout = TimeSpan.FromMilliseconds(-2) }, "UnresponsiveTimeout must be from one second*" },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public async Task MapServerSentEvents_ValueOutOfRange_ThrowsWithTheOptionsName(EventStreamOptions value, string message)
    {
        var start = () => TestApplication.StartAsync(builder => Configure(builder.Services.AddServerSentEvents(), value));

        (await start.Should().ThrowAsync<ArgumentOutOfRangeException>()).WithMessage(message);
    }

    [Fact]
    public async Task Start_ValueOutOfRange_Throws()
    {
        var start = () => TestApplication.StartAsync(
            builder => Configure(builder.Services.AddServerSentEvents(), new() { MaxStreamAge = TimeSpan.Zero }), map: _ => { });

        await start.Should().ThrowAsync<ArgumentOutOfRangeException>().WithMessage("MaxStreamAge*");
    }

    public static TheoryData<EventStreamOptions> InRange => new()
    {
        new EventStreamOptions { MaxStreamAge = TimeSpan.FromTicks(1) },
        new EventStreamOptions { MaxStreamAge = TimeSpan.MaxValue },
        new EventStreamOptions { UnresponsiveTimeout = TimeSpan.FromSeconds(1) },
        new EventStreamOptions { UnresponsiveTimeout = TimeSpan.FromMilliseconds(int.MaxValue) },
        new EventStreamOptions { UnresponsiveTimeout = Timeout.InfiniteTimeSpan },
    };

    [Theory]
    [MemberData(nameof(InRange))]
    public async Task Stream_ValueAtALimitOfItsRange_IsServed(EventStreamOptions value)
    {
        await using var app = await TestApplication.StartAsync(
            builder => Configure(builder.Services.AddServerSentEvents(), value));

        using var client = await app.OpenAsync();
    }

    [Fact]
    public async Task Configure_PublisherIsNotRegistered_AppliesToItsStreams()
    {
        var time = new FakeTimeProvider();
        using var publisher = new Publisher();
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Configuration["Streams:MaxStreamAge"] = "00:10:00";
                builder.Services.AddSingleton<TimeProvider>(time);
                builder.Services.Configure<EventStreamOptions>(builder.Configuration.GetSection("Streams"));
            },
            app => app.MapGet("/events", () => publisher.ToResult(new())));
        using var client = await app.OpenAsync();
        publisher.GetSubscribers().Should().ContainSingle();

        time.Advance(TimeSpan.FromMinutes(10));

        publisher.GetSubscribers().Should().BeEmpty();
        (await client.RestAsync()).Should().BeEmpty();
    }

    private static void Configure(IServiceCollection services, EventStreamOptions value) =>
        services.Configure<EventStreamOptions>(options =>
        {
            options.MaxStreamAge = value.MaxStreamAge;
            options.UnresponsiveTimeout = value.UnresponsiveTimeout;
        });
}
