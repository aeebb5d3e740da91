namespace ServerSentEvents.Tests;

/// <summary>The publisher's own events: <c>Subscribed</c> and <c>Unsubscribed</c>.</summary>
public sealed class NotificationTests
{
    private readonly Publisher<string> _publisher = new(new PublisherOptions { QueueCapacity = 1 });
    private readonly List<string> _heard = [];

    public NotificationTests()
    {
        _publisher.Subscribed += (sender, arguments) =>
        {
            sender.Should().BeSameAs(_publisher);
            _heard.Add($"+{arguments.Subscription.Properties}");
        };
        _publisher.Unsubscribed += (_, arguments) =>
            _heard.Add($"-{arguments.Subscription.Properties} {arguments.Subscription.EndReason} {string.Join('+', arguments.Subscription.Channels)}");
    }

    [Fact]
    public async Task EveryWayToEnd_IsHeardOnceWithItsReasonAndChannels()
    {
        var overflowing = _publisher.Subscribe("a", "overflowing");
        _publisher.Publish("1", "a");
        _publisher.Publish("2", "a");
        _publisher.Subscribe(["a", "b"], "unsubscribed");
        _publisher.Unsubscribe(["a", "b"]);
        var disposed = _publisher.Subscribe("a", "disposed");
        disposed.Dispose();
        disposed.Dispose();
        _publisher.Subscribe("b", "closed");
        _publisher.Close();
        await foreach (var _ in overflowing)
        {
        }

        _heard.Should().Equal(
            "+overflowing", "-overflowing Overflowed a",
            "+unsubscribed", "-unsubscribed Unsubscribed a+b",
            "+disposed", "-disposed Unsubscribed a",
            "+closed", "-closed Closed b");
    }

    [Fact]
    public void Unsubscribe_OneOfTwoChannels_IsNoEnd()
    {
        _publisher.Subscribe(["a", "b"], "ann");
        _publisher.Unsubscribe("a");

        _heard.Should().Equal("+ann");
    }

    [Fact]
    public void Subscribed_HandlerEndsTheSubscription_EndIsHeardAfterTheBeginning()
    {
        var publisher = new Publisher<string>();
        var heard = new List<string>();
        publisher.Subscribed += (_, arguments) => arguments.Subscription.Dispose();
        publisher.Subscribed += (_, _) => heard.Add("+");
        publisher.Unsubscribed += (_, _) => heard.Add("-");

        publisher.Subscribe();

        heard.Should().Equal("+", "-");
    }

    [Fact]
    public void Subscribed_HandlerThrows_OthersHearItAndTheSubscriptionHasEnded()
    {
        _publisher.Subscribed += (_, _) => throw new FormatException();
        _publisher.Subscribed += (_, _) => _heard.Add("second");

        var subscribe = () => _publisher.Subscribe(properties: "ann");

        subscribe.Should().Throw<AggregateException>().WithInnerException<FormatException>();
        _heard.Should().Equal("+ann", "second", "-ann Unsubscribed default channel");
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Unsubscribed_HandlerThrowsInAPublish_EverybodyGetsTheEventAndEveryEndIsHeard()
    {
        var full = new[] { "1", "2" }.Select(name => _publisher.Subscribe(properties: name)).ToList();
        _publisher.Publish("fills the queues");
        var third = _publisher.Subscribe(properties: "3");
        _heard.Clear();
        _publisher.Unsubscribed += (_, _) => throw new FormatException();

        var publish = () => _publisher.Publish("x");

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Should().HaveCount(2);
        _heard.Should().BeEquivalentTo("-1 Overflowed default channel", "-2 Overflowed default channel");
        (await third.GetAsyncEnumerator().NextAsync()).Should().Be("data: x\n\n");
    }

    [Fact]
    public async Task Subscribed_EndsOnAnotherThreadMeanwhile_EndIsHeardAfterTheBeginning()
    {
        var publisher = new Publisher<string>();
        var heard = new List<string>();
        publisher.Subscribed += (_, _) =>
        {
            // The other thread is through with ending it before this one has announced that it began.
            Task.Run(publisher.Close).Wait(Streams.Limit).Should().BeTrue();
            heard.Add("+");
        };
        publisher.Unsubscribed += (_, arguments) => heard.Add($"- {arguments.Subscription.EndReason}");

        await Task.Run(() => publisher.Subscribe()).WaitAsync(Streams.Limit);

        heard.Should().Equal("+", "- Closed");
    }

    [Fact]
    public void Unsubscribed_OverflowByAPersonalisedEvent_IsHeardAndFailuresComeTogether()
    {
        _publisher.Subscribe(properties: "full");
        _publisher.Publish("fills the queue");
        _publisher.Subscribe(properties: "failing");
        _publisher.Unsubscribed += (_, _) => throw new InvalidOperationException();
        _heard.Clear();

        var publish = () => _publisher.Publish(name => name == "failing" ? throw new FormatException() : name);

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Select(failure => failure.GetType())
            .Should().BeEquivalentTo([typeof(FormatException), typeof(InvalidOperationException)]);
        _heard.Should().Equal("-full Overflowed default channel");
    }

    [Fact]
    public void Unsubscribed_HandlerThatPublishesAtEveryEnd_DoesNotNest()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 500 });
        var (depth, deepest, ends) = (0, 0, 0);
        publisher.Unsubscribed += (_, _) =>
        {
            ends++;
            deepest = Math.Max(deepest, ++depth);
            publisher.Publish("somebody left");
            depth--;
        };

        // Each has one event less than the one before, so that each end fills the next one's queue.
        for (var i = 0; i < 501; i++)
        {
            publisher.Subscribe();
            publisher.Publish("x");
        }

        ends.Should().BeGreaterThan(400);
        deepest.Should().Be(1);
    }

    [Fact]
    public void Dispose_HandlerThatPublishesWhoLeft_DoesSoToNobody()
    {
        var publisher = new Publisher<string>();
        var reached = new List<int>();
        publisher.Unsubscribed += (_, _) => reached.Add(publisher.Publish("somebody left"));
        publisher.Subscribe();
        publisher.Subscribe();

        publisher.Dispose();

        reached.Should().Equal(0, 0);
        publisher.Invoking(it => it.Publish("x")).Should().Throw<ObjectDisposedException>();
    }
}
