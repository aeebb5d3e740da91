using System.Net.ServerSentEvents;
using ServerSentEvents.Tests.WireFormat;

namespace ServerSentEvents.Tests;

/// <summary>Tests the defaults and the ranges of the options, and that they are copied.</summary>
public sealed class OptionsTests
{
    private readonly Publisher<string> _publisher = new();

    [Fact]
    public void PublisherOptions_New_HaveTheDocumentedDefaults() =>
        OptionValues.Of(new PublisherOptions()).Should().Equal(new Dictionary<string, object?>
        {
            ["QueueCapacity"] = 8_192,
            ["QueueCapacityBytes"] = 1_048_576L,
            ["QueueOverflow"] = QueueOverflow.Disconnect,
            ["GapEvent"] = null,
            ["MaxEventBytes"] = 67_108_864,
            ["MaxSubscribers"] = null,
            ["LingerTimeout"] = TimeSpan.FromSeconds(30),
            ["HistoryCapacity"] = 0,
            ["HistoryCapacityBytes"] = 67_108_864L,
            ["HistoryMaxAge"] = TimeSpan.FromHours(1),
            ["HeartbeatInterval"] = null,
            ["ReconnectionInterval"] = null,
            ["ReconnectionJitter"] = TimeSpan.Zero,
            ["TimeProvider"] = TimeProvider.System,
        });

    [Fact]
    public void SubscribeOptions_New_HaveTheDocumentedDefaults() =>
        OptionValues.Of(new SubscribeOptions<string>()).Should().Equal(new Dictionary<string, object?>
        {
            ["Channels"] = default(ChannelNames),
            ["Properties"] = null,
            ["InitialData"] = null,
            ["LoadInitialData"] = null,
            ["LastEventId"] = null,
            ["QueueCapacity"] = null,
            ["QueueCapacityBytes"] = null,
            ["QueueOverflow"] = null,
            ["ConflationKey"] = null,
        });

    public static TheoryData<string, PublisherOptions?> InvalidPublisherOptions => new()
    {
        { "null", null },
        { "zero capacity", new() { QueueCapacity = 0 } },
        { "negative capacity", new() { QueueCapacity = -1 } },
        { "zero capacity in bytes", new() { QueueCapacityBytes = 0 } },
        { "negative capacity in bytes", new() { QueueCapacityBytes = -1 } },
        { "zero event size", new() { MaxEventBytes = 0 } },
        { "event size above 512 MiB", new() { MaxEventBytes = (512 * 1024 * 1024) + 1 } },
        { "no place for a subscriber", new() { MaxSubscribers = 0 } },
        { "negative number of subscribers", new() { MaxSubscribers = -1 } },
        { "zero linger timeout", new() { LingerTimeout = TimeSpan.Zero } },
        { "linger timeout too long for a timer", new() { LingerTimeout = TimeSpan.FromDays(50) } },
        { "undefined overflow", new() { QueueOverflow = (QueueOverflow)3 } },
        { "negative overflow", new() { QueueOverflow = (QueueOverflow)(-1) } },
        { "gap event with an id", new() { GapEvent = new("", "gap") { EventId = "1" } } },
        { "gap event without data", new() { GapEvent = default(SseItem<string>) } },
        { "gap event whose type has a CR", new() { GapEvent = ForgedItems.WithType("a\rdata: b") } },
        { "gap event whose type has an LF", new() { GapEvent = ForgedItems.WithType("a\ndata: b") } },
        { "gap event with a negative retry", new() { GapEvent = ForgedItems.WithReconnectionInterval(TimeSpan.FromTicks(-1)) } },
        { "gap event above the largest size", new() { GapEvent = new("0123456789"), MaxEventBytes = 10 } },
        { "no clock", new() { TimeProvider = null! } },
        { "negative history", new() { HistoryCapacity = -1 } },
        { "zero history in bytes", new() { HistoryCapacity = 1, HistoryCapacityBytes = 0 } },
        { "negative history in bytes", new() { HistoryCapacityBytes = -1 } },
        { "zero history age", new() { HistoryMaxAge = TimeSpan.Zero } },
        { "zero heartbeat interval", new() { HeartbeatInterval = TimeSpan.Zero } },
        { "heartbeat interval too long for a timer", new() { HeartbeatInterval = TimeSpan.FromDays(50) } },
        { "negative reconnection interval", new() { ReconnectionInterval = TimeSpan.FromTicks(-1) } },
        { "negative jitter", new() { ReconnectionJitter = TimeSpan.FromTicks(-1) } },
    };

    [Theory]
    [MemberData(nameof(InvalidPublisherOptions))]
    public void Publisher_InvalidOptions_Throws(string reason, PublisherOptions? invalid)
    {
        FluentActions.Invoking(() => new Publisher(invalid!))
            .Should().Throw<ArgumentException>(reason).WithParameterName("options");
        FluentActions.Invoking(() => new Publisher<string>(invalid!))
            .Should().Throw<ArgumentException>(reason).WithParameterName("options");
    }

    public static TheoryData<string, SubscribeOptions<string>?> InvalidSubscribeOptions => new()
    {
        { "null", null },
        { "zero capacity", new() { QueueCapacity = 0 } },
        { "negative capacity", new() { QueueCapacity = -1 } },
        { "zero capacity in bytes", new() { QueueCapacityBytes = 0 } },
        { "negative capacity in bytes", new() { QueueCapacityBytes = -1 } },
        { "undefined overflow", new() { QueueOverflow = (QueueOverflow)3 } },
        { "negative overflow", new() { QueueOverflow = (QueueOverflow)(-1) } },
        { "no channel", new() { Channels = [] } },
        { "initial data without data", new() { InitialData = [default] } },
    };

    [Theory]
    [MemberData(nameof(InvalidSubscribeOptions))]
    public void Subscribe_InvalidOptions_ThrowsAndAddsNoSubscriber(string reason, SubscribeOptions<string>? invalid)
    {
        FluentActions.Invoking(() => _publisher.Subscribe(invalid!))
            .Should().Throw<ArgumentException>(reason).WithParameterName("options");

        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData(1, QueueOverflow.DropNewest, "1")]
    [InlineData(1, QueueOverflow.DropOldest, "3")]
    [InlineData(1, QueueOverflow.Disconnect, "1")]
    [InlineData(2, QueueOverflow.DropOldest, "23")]
    [InlineData(int.MaxValue, QueueOverflow.DropOldest, "123")]
    public async Task Publisher_QueueOptions_ApplyToItsSubscriptions(int capacity, QueueOverflow overflow, string received)
    {
        var publisher = new Publisher<string>(new PublisherOptions { QueueCapacity = capacity, QueueOverflow = overflow });

        (await ReadOfThreeAsync(publisher, publisher.Subscribe())).Should().Be(received);
        (await ReadOfThreeAsync(publisher, publisher.Subscribe(new SubscribeOptions<string>()))).Should().Be(received);
    }

    [Fact]
    public async Task Publisher_OptionsChangedLater_KeepsTheOldValues()
    {
        var clock = new FakeTimeProvider();
        var options = new PublisherOptions { QueueCapacity = 2, QueueOverflow = QueueOverflow.DropOldest, TimeProvider = clock };
        var publisher = new Publisher<string>(options);

        options.QueueCapacity = 1;
        options.QueueOverflow = QueueOverflow.DropNewest;
        options.TimeProvider = TimeProvider.System;
        var subscription = publisher.Subscribe();

        subscription.SubscribedAt.Should().Be(clock.GetUtcNow());
        (await ReadOfThreeAsync(publisher, subscription)).Should().Be("23");
    }

    [Fact]
    public async Task Subscribe_OptionsChangedLater_KeepsTheOldValues()
    {
        List<SseItem<string>> initialData = [new("0")];
        var options = new SubscribeOptions<string>
        {
            Channels = "chat",
            Properties = "mine",
            InitialData = initialData,
            QueueCapacity = 2,
            QueueOverflow = QueueOverflow.DropOldest,
        };
        var subscription = _publisher.Subscribe(options);

        options.Channels = "other";
        options.Properties = "another's";
        initialData[0] = new("changed");
        options.QueueCapacity = 1;
        options.QueueOverflow = QueueOverflow.DropNewest;

        subscription.Channels.Should().Equal("chat");
        subscription.Properties.Should().Be("mine");
        (await ReadOfThreeAsync(_publisher, subscription)).Should().Be("023");
    }

    [Theory]
    [InlineData(2, null, "12")]
    [InlineData(null, QueueOverflow.DropOldest, "3")]
    [InlineData(2, QueueOverflow.DropOldest, "23")]
    public async Task Subscribe_QueueOptions_OverrideThoseOfThePublisher(int? capacity, QueueOverflow? overflow, string received)
    {
        var common = new PublisherOptions { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropNewest };
        var own = new SubscribeOptions<string> { QueueCapacity = capacity, QueueOverflow = overflow };
        var publisher = new Publisher<string>(common);
        var subscription = publisher.Subscribe(own);

        (await ReadOfThreeAsync(publisher, subscription)).Should().Be(received);
    }

    [Fact]
    public void SubscribedAt_TimePasses_IsTheTimeOfSubscribe()
    {
        var clock = new FakeTimeProvider();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = clock });
        var start = clock.GetUtcNow();

        var first = publisher.Subscribe();
        clock.Advance(TimeSpan.FromMinutes(1));
        var second = publisher.Subscribe(new SubscribeOptions<object?>());

        first.SubscribedAt.Should().Be(start);
        second.SubscribedAt.Should().Be(start + TimeSpan.FromMinutes(1));
    }

    /// <summary>Publishes 1, 2 and 3 before the subscription reads, and returns the data that it receives.</summary>
    private static async Task<string> ReadOfThreeAsync(Publisher<string> publisher, Subscription<string> subscription)
    {
        foreach (var data in (string[])["1", "2", "3"])
            publisher.Publish(data, [.. subscription.Channels]);
        subscription.Close();
        return string.Concat((await subscription.AsItems().ToArrayAsync()).Select(item => item.Data));
    }
}
