using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests the defaults and the ranges of the options.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Options_New_HaveTheDocumentedDefaults()
    {
        var backplane = new RabbitMQBackplaneOptions<string>();
        var publisher = new RabbitMQPublisherOptions();

        backplane.Endpoints.Should().BeEmpty();
        publisher.Endpoints.Should().BeEmpty();
        OptionValues.Of(publisher).Should().Equal(PublisherDefaults(publisher.Endpoints));
        OptionValues.Of(backplane).Should().Equal(new Dictionary<string, object?>(PublisherDefaults(backplane.Endpoints))
        {
            ["ReadBack"] = TimeSpan.FromHours(1),
            ["Personalize"] = null,
            ["SubscriberKey"] = null,
        });
    }

    private static Dictionary<string, object?> PublisherDefaults(IList<AmqpTcpEndpoint> endpoints) => new()
    {
        ["ConnectionFactory"] = null,
        ["Endpoints"] = endpoints,
        ["StreamName"] = "server-sent-events",
        ["MaxAge"] = TimeSpan.FromDays(1),
        ["MaxBytes"] = 1L << 30,
        ["PublishTimeout"] = TimeSpan.FromSeconds(30),
        ["MaxEventBytes"] = 262_144,
        ["LoggerFactory"] = null,
        ["TimeProvider"] = TimeProvider.System,
    };

    [Theory]
    [InlineData(1_024, 256)]
    [InlineData(256 << 10, 256)]
    [InlineData(1 << 20, 64)]
    [InlineData(16 << 20, 8)]
    public void Prefetch_MaxEventBytesOfAnySize_BoundsTheBytesOnTheirWay(int maxEventBytes, int expected)
    {
        var options = new RabbitMQPublisherOptions { ConnectionFactory = new ConnectionFactory(), MaxEventBytes = maxEventBytes };

        RabbitMQSettings.From(options).Prefetch.Should().Be((ushort)expected);
    }

    public static TheoryData<string, Action<RabbitMQBackplaneOptions<object?>>> Wrong => new()
    {
        { "ConnectionFactory", options => options.ConnectionFactory = null },
        { "Endpoints", options => options.Endpoints = null! },
        {
            "Endpoints",
            options => (options.ConnectionFactory!.Uri, options.Endpoints) = (new Uri("amqps://broker"), [new AmqpTcpEndpoint("broker")])
        },
        { "StreamName", options => options.StreamName = new string('x', 256) },
        { "StreamName", options => options.StreamName = "" },
        { "MaxAge", options => options.MaxAge = TimeSpan.FromMilliseconds(999) },
        { "MaxBytes", options => (options.MaxBytes, options.MaxEventBytes) = (999_999, 1_024) },
        { "MaxBytes", options => (options.MaxBytes, options.MaxEventBytes) = (2_000_000, 200_001) },
        { "ReadBack", options => options.ReadBack = TimeSpan.FromTicks(-1) },
        { "PublishTimeout", options => options.PublishTimeout = TimeSpan.Zero },
        { "MaxEventBytes", options => options.MaxEventBytes = 1_023 },
        { "TimeProvider", options => options.TimeProvider = null! },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task ConnectAsync_OptionOutOfRange_ThrowsAndNamesIt(string name, Action<RabbitMQBackplaneOptions<object?>> change)
    {
        var options = new RabbitMQBackplaneOptions<object?> { ConnectionFactory = new ConnectionFactory() };
        change(options);
        using var publisher = new Publisher();

        var connect = () => RabbitMQBackplane<object?>.ConnectAsync(publisher, options);

        (await connect.Should().ThrowAsync<ArgumentException>()).WithMessage($"{name} *");
    }

    [Fact]
    public async Task ConnectAsync_NoBroker_WaitsForTheTimeoutAndSaysWhy()
    {
        using var port = new ClosedPort();
        var time = new FakeTimeProvider();
        using var log = new TestLog();
        var options = new RabbitMQBackplaneOptions<object?>
        {
            ConnectionFactory = new ConnectionFactory { Port = port.Number },
            TimeProvider = time,
            LoggerFactory = log,
        };
        using var publisher = new Publisher();

        var connecting = RabbitMQBackplane<object?>.ConnectAsync(publisher, options);
        await Limits.UntilAsync(() => log.Warnings.Count() == 2, "both directions have tried");
        time.Advance(TimeSpan.FromSeconds(30));

        (await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<InvalidOperationException>()).WithMessage(
            "The stream server-sent-events is not ready after the PublishTimeout of 00:00:30: there is no connection: *refused*");
    }
}
