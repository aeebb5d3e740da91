namespace ServerSentEvents.Tests;

/// <summary>Tests the behavior that the tests and the README of the original library describe.</summary>
public sealed class OriginalBehaviorTests
{
    private readonly Publisher _publisher = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Publish_Subscribers_ReachesEach(int count)
    {
        var subscriptions = Enumerable.Range(0, count).Select(_ => _publisher.Subscribe()).ToArray();

        _publisher.Publish("test").Should().Be(count);
        _publisher.Close();

        foreach (var subscription in subscriptions)
            (await subscription.ToArrayAsync()).Should().Equal("data: test\n\n");
    }

    [Fact]
    public async Task Publish_NamedChannels_ReachesTheirSubscribersOnly()
    {
        var first = _publisher.Subscribe("channel 1");
        var second = _publisher.Subscribe("channel 2");
        var both = _publisher.Subscribe(["channel 1", "channel 2"]);

        _publisher.Publish("test1", "channel 1");
        _publisher.Publish("test2", "channel 2");
        _publisher.Close();

        (await first.ToArrayAsync()).Should().Equal("data: test1\n\n");
        (await second.ToArrayAsync()).Should().Equal("data: test2\n\n");
        (await both.ToArrayAsync()).Should().Equal("data: test1\n\n", "data: test2\n\n");
    }

    [Fact]
    public async Task Publish_FunctionOfProperties_SendsEachItsOwnData()
    {
        var one = _publisher.Subscribe(properties: 1);
        var two = _publisher.Subscribe(properties: 2);

        _publisher.Publish(properties => properties?.ToString());
        _publisher.Close();

        (await one.ToArrayAsync()).Should().Equal("data: 1\n\n");
        (await two.ToArrayAsync()).Should().Equal("data: 2\n\n");
    }

    [Fact]
    public void Unsubscribe_Match_KeepsTheOthers()
    {
        _publisher.Subscribe(properties: 1);
        _publisher.Subscribe(properties: 2);

        _publisher.Unsubscribe(match: properties => properties is 2);

        _publisher.GetSubscribers().Should().ContainSingle().Which.Properties.Should().Be(1);
    }

    [Fact]
    public async Task Subscribe_InitialData_ComesFirst()
    {
        var subscription = _publisher.Subscribe(initialData: ["start 1", "start 2"]);

        _publisher.Publish("test");
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: start 1\n\n", "data: start 2\n\n", "data: test\n\n");
    }

    [Fact]
    public async Task Publish_TwoLines_WritesOneEventWithTwoDataLines()
    {
        var subscription = _publisher.Subscribe();

        _publisher.Publish("line 1\nline 2");
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: line 1\ndata: line 2\n\n");
    }

    [Fact]
    public async Task Close_QueuedEvents_EndsEachStreamAfterThem()
    {
        var first = _publisher.Subscribe();
        var second = _publisher.Subscribe("other");
        _publisher.Publish("last", ["other", Publisher.DefaultChannel]);

        _publisher.Close();

        (await first.ToArrayAsync()).Should().Equal("data: last\n\n");
        (await second.ToArrayAsync()).Should().Equal("data: last\n\n");
        first.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public void GetSubscribers_NameOrList_ReturnsTheirSubscribers()
    {
        var chat = _publisher.Subscribe("chat");
        var inDefaultChannel = _publisher.Subscribe();

        _publisher.GetSubscribers("chat").Should().Equal(chat);
        _publisher.GetSubscribers(["chat", "default channel"]).Should().Equal(chat, inDefaultChannel);
        _publisher.GetSubscribers().Should().Equal(inDefaultChannel);
    }
}
