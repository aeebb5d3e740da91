using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that an event above <see cref="PublisherOptions.MaxEventBytes"/> is refused before anything has changed.
/// </summary>
public sealed class EventSizeTests
{
    private const int MaxEventBytes = 1_000;

    /// <summary>"data: ", LF, and the blank line.</summary>
    private const int Framing = 8;

    private readonly Publisher<string> _publisher = new(
        new PublisherOptions { MaxEventBytes = MaxEventBytes, HistoryCapacity = 10 });

    public static TheoryData<string, int> Limits => new()
    {
        { "x", MaxEventBytes - Framing },
        // Two bytes in UTF-8.
        { "\u00e9", (MaxEventBytes - Framing) / 2 },
        // Each line end becomes LF and another "data: ".
        { "\n", (MaxEventBytes - Framing) / 7 },
        { "\r\n", (MaxEventBytes - Framing) / 7 },
        // A lone surrogate becomes U+FFFD, three bytes.
        { "\ud800", (MaxEventBytes - Framing) / 3 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Publish_DataAtTheLimit_IsAcceptedAndRefusedAboveIt(string unit, int largest)
    {
        var subscription = _publisher.Subscribe();

        _publisher.Publish(Repeat(unit, largest)).Should().Be(1);
        var publish = () => _publisher.Publish(Repeat(unit, largest + 1));

        publish.Should().Throw<ArgumentException>().WithParameterName("data").WithMessage("*MaxEventBytes*");
        subscription.QueuedEvents.Should().Be(1);
    }

    [Fact]
    public void Publish_TypeAndReconnectionInterval_CountTowardsTheLimit()
    {
        // "event: t", "data: ...", "retry: 5000", and the blank line.
        var largest = new string('x', MaxEventBytes - "event: t\ndata: \nretry: 5000\n\n".Length);
        var interval = TimeSpan.FromSeconds(5);
        _publisher.Subscribe();

        _publisher.Publish(new SseItem<string>(largest, "t") { ReconnectionInterval = interval }).Should().Be(1);
        var publish = () => _publisher.Publish(new SseItem<string>(largest + "x", "t") { ReconnectionInterval = interval });

        publish.Should().Throw<ArgumentException>().WithParameterName("item");
    }

    [Fact]
    public void Publish_OwnId_CountsTowardsTheLimit()
    {
        var largest = new string('x', MaxEventBytes - "data: \nid: 7\n\n".Length);
        _publisher.Subscribe();

        _publisher.Publish(new SseItem<string>(largest) { EventId = "7" }).Should().Be(1);
        var publish = () => _publisher.Publish(new SseItem<string>(largest + "x") { EventId = "7" });

        publish.Should().Throw<ArgumentException>().WithParameterName("item");
    }

    [Fact]
    public void PublishComment_AtTheLimit_IsAcceptedAndRefusedAboveIt()
    {
        var subscription = _publisher.Subscribe();

        _publisher.PublishComment(new string('x', MaxEventBytes - 3)).Should().Be(1);
        var tooLong = () => _publisher.PublishComment(new string('x', MaxEventBytes - 2));
        var tooManyLines = () => _publisher.PublishComment(new string('\n', MaxEventBytes / 3));

        tooLong.Should().Throw<ArgumentException>().WithParameterName("comment");
        tooManyLines.Should().Throw<ArgumentException>().WithParameterName("comment");
        subscription.QueuedEvents.Should().Be(1);
        subscription.QueuedBytes.Should().Be(MaxEventBytes);
    }

    [Fact]
    public async Task Publish_TooLargeEvent_ChangesNeitherSubscribersNorTheHistory()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("1");
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        var seen = (await reader.NextAsync()).EventId;
        _publisher.Publish("2");

        for (var i = 0; i < 20; i++)
        {
            var publish = () => _publisher.Publish(new SseItem<string>(new string('\n', MaxEventBytes)) { EventId = $"own {i}" });
            publish.Should().Throw<ArgumentException>();
        }

        _publisher.Publish("3");
        subscription.EndReason.Should().BeNull();
        (await reader.NextAsync()).Data.Should().Be("2");
        (await reader.NextAsync()).Data.Should().Be("3");
        var resumed = Resume(seen);
        resumed.Resume.Should().Be(ResumeResult.Resumed, "the refused events have evicted nothing");
        (await DataOfAsync(resumed)).Should().Equal("2", "3");
        Resume("own 0").Resume.Should().Be(ResumeResult.Gap, "a refused event is not in the history");
    }

    [Fact]
    public void Subscribe_TooLargeInitialData_ThrowsAndSubscribesNothing()
    {
        var tooLarge = new string('x', MaxEventBytes);
        var subscribe = () => _publisher.Subscribe(initialData: ["x", tooLarge]);
        var subscribeWithOptions = () => _publisher.Subscribe(
            new SubscribeOptions<string> { Channels = "room", InitialData = [new SseItem<string>(tooLarge)] });
        var raised = 0;
        _publisher.Subscribed += (_, _) => raised++;

        subscribe.Should().Throw<ArgumentException>().WithParameterName("initialData");
        subscribeWithOptions.Should().Throw<ArgumentException>().WithParameterName("options");

        _publisher.GetSubscribers(["room", Publisher.DefaultChannel]).Should().BeEmpty();
        raised.Should().Be(0);
    }

    [Fact]
    public async Task Subscribe_InitialDataAtTheLimit_IsAccepted()
    {
        var largest = new string('x', MaxEventBytes - Framing);
        var publisher = new Publisher(new PublisherOptions { MaxEventBytes = MaxEventBytes });

        var subscription = publisher.Subscribe(initialData: [largest]);
        publisher.Close();

        (await subscription.ToListAsync()).Should().Equal($"data: {largest}\n\n");
    }

    [Fact]
    public void Publish_TooLargePersonalizedEvent_FailsForThatSubscriberAlone()
    {
        var ann = _publisher.Subscribe(properties: "ann");
        var bob = _publisher.Subscribe(properties: "bob");
        var eve = _publisher.Subscribe(properties: "eve");

        var publish = () => _publisher.Publish(name => name == "bob" ? new string('\n', MaxEventBytes) : name);

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Should().ContainSingle()
            .Which.Should().BeOfType<ArgumentException>().Which.Message.Should().Contain("MaxEventBytes");
        ann.QueuedEvents.Should().Be(1);
        eve.QueuedEvents.Should().Be(1);
        bob.QueuedEvents.Should().Be(0);
        bob.EndReason.Should().BeNull();
    }

    [Fact]
    public void Publish_ManyLineEndsWithTheDefaultLimit_IsRefusedAtTheCall()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1 });
        var subscription = publisher.Subscribe();

        // 10 MB of text, and 70 MB when each line has its "data: ".
        var publish = () => publisher.Publish(new string('\n', 10_000_000));

        publish.Should().Throw<ArgumentException>().WithParameterName("data");
        subscription.EndReason.Should().BeNull();
        subscription.QueuedEvents.Should().Be(0);
    }

    private static string Repeat(string unit, int count) => string.Concat(Enumerable.Repeat(unit, count));

    private Subscription<string> Resume(string? lastEventId) => _publisher.Subscribe(
        new SubscribeOptions<string> { Channels = Publisher.DefaultChannel, LastEventId = lastEventId });

    private static async Task<IEnumerable<string>> DataOfAsync(Subscription<string> subscription)
    {
        subscription.Close();
        return (await subscription.AsItems().ToListAsync()).Select(item => item.Data);
    }
}
