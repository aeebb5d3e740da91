using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests which subscribers an event reaches, and what a publish returns.</summary>
public sealed class PublishTests
{
    private readonly Publisher<string> _publisher = new();

    [Fact]
    public async Task Publish_SeveralChannels_ReachesEachSubscriberOnce()
    {
        var both = _publisher.Subscribe(["a", "b"]);
        var one = _publisher.Subscribe("b");

        _publisher.Publish("x", ["a", "b", "b", "empty"]).Should().Be(2);
        _publisher.Close();

        (await both.ToArrayAsync()).Should().Equal("data: x\n\n");
        (await one.ToArrayAsync()).Should().Equal("data: x\n\n");
    }

    [Fact]
    public async Task Subscribe_NameGivenTwice_CountsOnce()
    {
        var subscription = _publisher.Subscribe(["a", "a", "b", "a"]);

        subscription.Channels.Should().Equal("a", "b");
        _publisher.GetSubscribers("a").Should().Equal(subscription);
        _publisher.Publish("x", "a").Should().Be(1);
        _publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("data: x\n\n");
    }

    [Fact]
    public void AnyCall_ChannelWithoutSubscribers_ReturnsZeroOrEmpty()
    {
        _publisher.Publish("x", "empty").Should().Be(0);
        _publisher.Publish(_ => "x", "empty").Should().Be(0);
        _publisher.PublishComment("x", "empty").Should().Be(0);
        _publisher.GetSubscribers("empty").Should().BeEmpty();
        _publisher.Unsubscribe("empty").Should().Be(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Publish_FunctionReturnsOneEventForAll_SubscribersShareItsBytes(bool isItem)
    {
        const int count = 100;
        using var publisher = new Publisher<int>(new PublisherOptions { HistoryCapacity = 10 });
        for (var i = 0; i < count; i++)
            publisher.Subscribe(properties: i);
        var data = new string('x', 100_000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var sent = isItem
            ? publisher.Publish(number => number % 10 == 0 ? null : new SseItem<string>(data, "news"))
            : publisher.Publish(number => number % 10 == 0 ? null : data);

        sent.Should().Be(count * 9 / 10);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10 * data.Length);
    }

    [Fact]
    public async Task Publish_FunctionReturnsDifferentEventsInTurn_EachSubscriberGetsItsOwn()
    {
        using var publisher = new Publisher<int>(new PublisherOptions { HistoryCapacity = 10 });
        var subscriptions = Enumerable.Range(0, 8).Select(number => publisher.Subscribe(properties: number)).ToList();
        SseItem<string>[] items = [new("a"), new("b"), new("a", "news")];

        publisher.Publish(number => items[number % items.Length]);
        publisher.Close();

        foreach (var subscription in subscriptions)
        {
            var own = items[subscription.Properties % items.Length];
            var item = (await subscription.AsItems().ToArrayAsync()).Single();
            (item.Data, item.EventType).Should().Be((own.Data, own.EventType));
        }
    }

    [Fact]
    public async Task Publish_FunctionReturnsNull_SkipsTheSubscriber()
    {
        var ann = _publisher.Subscribe(properties: "ann");
        var bob = _publisher.Subscribe(properties: "bob");

        _publisher.Publish(name => name == "ann" ? null : $"not ann: {name}").Should().Be(1);
        _publisher.Publish(name => name == "ann" ? new SseItem<string>("hi ann", "greeting") : (SseItem<string>?)null)
            .Should().Be(1);
        _publisher.Close();

        (await ann.ToArrayAsync()).Should().Equal("event: greeting\ndata: hi ann\n\n");
        (await bob.ToArrayAsync()).Should().Equal("data: not ann: bob\n\n");
    }

    [Fact]
    public async Task Publish_TypeAndId_AreSentWithTheText()
    {
        var subscription = _publisher.Subscribe("news");

        _publisher.Publish("a\nb", "news", "note", "7").Should().Be(1);
        _publisher.Publish("c", "news", eventType: "note");
        _publisher.Publish("d", "news", eventId: "");
        _publisher.Publish("e", "news", eventType: "", eventId: "a b");
        _publisher.Publish("f", eventType: "elsewhere").Should().Be(0);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal(
            "event: note\ndata: a\ndata: b\nid: 7\n\n",
            "event: note\ndata: c\n\n",
            "data: d\nid: \n\n",
            "data: e\nid: a b\n\n");
    }

    [Theory]
    [InlineData("a\nb", null, "eventType")]
    [InlineData("a\r", null, "eventType")]
    [InlineData(null, "a\nb", "eventId")]
    [InlineData(null, "a\0b", "eventId")]
    [InlineData(null, " a", "eventId")]
    public void Publish_InvalidTypeOrId_ThrowsWithTheParameterName(string? type, string? id, string paramName)
    {
        var subscription = _publisher.Subscribe();

        FluentActions.Invoking(() => _publisher.Publish("x", eventType: type, eventId: id))
            .Should().Throw<ArgumentException>().WithParameterName(paramName);

        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public void Publish_TypeAndId_CountTowardsTheLargestSize()
    {
        var publisher = new Publisher(new PublisherOptions { MaxEventBytes = "event: t\ndata: x\nid: 7\n\n".Length });
        publisher.Subscribe();

        publisher.Publish("x", eventType: "t", eventId: "7").Should().Be(1);

        publisher.Invoking(it => it.Publish("xx", eventType: "t", eventId: "7"))
            .Should().Throw<ArgumentException>().WithParameterName("data");
    }

    [Fact]
    public async Task Publish_FunctionThatReturnsOnlyNullOrThrows_Compiles()
    {
        var subscription = _publisher.Subscribe(properties: "ann");

        _publisher.Publish(_ => null).Should().Be(0);
        _publisher.Publish(_ => default).Should().Be(0);
        _publisher.Invoking(it => it.Publish(_ => throw new FormatException())).Should().Throw<AggregateException>();
        _publisher.Publish(name => name is "bob" ? null : new SseItem<string>("an item")).Should().Be(1);
        _publisher.Publish(name => name is "bob" ? null : "text").Should().Be(1);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: an item\n\n", "data: text\n\n");
    }

    [Fact]
    public void Publish_FunctionForSubscriberOfSeveralChannels_IsCalledOnce()
    {
        _publisher.Subscribe(["a", "b"], "ann");
        var calls = new List<string>();

        _publisher.Publish(name => { calls.Add(name); return name; }, ["a", "b"]);

        calls.Should().Equal("ann");
    }

    [Fact]
    public async Task Publish_FunctionThrowsForSome_ReachesTheOthersAndThrowsAggregateException()
    {
        var subscriptions = new[] { "1", "x", "3", "y" }.Select(name => _publisher.Subscribe(properties: name)).ToArray();

        var culture = System.Globalization.CultureInfo.InvariantCulture;
        var publish = () => _publisher.Publish(name => int.Parse(name, culture).ToString("00", culture));

        publish.Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().HaveCount(2).And.AllBeOfType<FormatException>();
        _publisher.Close();
        (await subscriptions[0].ToArrayAsync()).Should().Equal("data: 01\n\n");
        (await subscriptions[1].ToArrayAsync()).Should().BeEmpty();
        (await subscriptions[2].ToArrayAsync()).Should().Equal("data: 03\n\n");
        (await subscriptions[3].ToArrayAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Publish_FunctionUsesThePublisher_AppliesItsCallsFirst()
    {
        var ann = _publisher.Subscribe(properties: "ann");
        var bob = _publisher.Subscribe(properties: "bob");
        Subscription<string>? late = null;

        _publisher.Publish(name =>
        {
            if (name != "ann")
                return "outer";
            _publisher.Publish("inner");
            late = _publisher.Subscribe(properties: "late");
            _publisher.Unsubscribe(match: other => other == "bob");
            return "outer";
        }).Should().Be(2, "bob was unsubscribed, and late subscribed before the event was queued");
        _publisher.Close();

        (await ann.ToArrayAsync()).Should().Equal("data: inner\n\n", "data: outer\n\n");
        (await bob.ToArrayAsync()).Should().Equal("data: inner\n\n");
        (await late!.ToArrayAsync()).Should().Equal("data: outer\n\n");
    }

    [Fact]
    public async Task Publish_FunctionRemovesSubscriberFromTheChannel_SkipsTheSubscriber()
    {
        var subscription = _publisher.Subscribe(["a", "b"], "ann");

        _publisher.Publish(name => { _publisher.Unsubscribe("a"); return name; }, "a").Should().Be(0);
        _publisher.Publish("still in b", "b").Should().Be(1);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: still in b\n\n");
    }

    [Fact]
    public async Task PublishComment_Text_IsACommentAndNotAnItem()
    {
        var text = _publisher.Subscribe();
        var items = _publisher.Subscribe();

        _publisher.PublishComment("still here").Should().Be(2);
        _publisher.Publish("x");
        _publisher.Close();

        (await text.ToArrayAsync()).Should().Equal(": still here\n", "data: x\n\n");
        (await items.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("x");
    }

    [Fact]
    public async Task AsItems_AllFields_GivesThemUnchanged()
    {
        var subscription = _publisher.Subscribe(initialData: ["start"]);
        var item = new SseItem<string>("a\nb", "kind") { EventId = "7", ReconnectionInterval = TimeSpan.FromSeconds(3) };

        _publisher.Publish(item);
        _publisher.Close();

        (await subscription.AsItems().ToArrayAsync()).Should().Equal(new SseItem<string>("start"), item);
    }

    [Fact]
    public void Dispose_LaterCalls_PublishAndSubscribeThrowAndOthersDoNothing()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Dispose();
        _publisher.Dispose();

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        var called = false;
        foreach (var publish in new Action[]
        {
            () => _publisher.Publish("x"),
            () => _publisher.Publish(new SseItem<string>("x")),
            () => _publisher.Publish(_ => { called = true; return "x"; }),
            () => _publisher.PublishComment("x"),
            () => _publisher.Subscribe(),
            () => _publisher.Subscribe(new SubscribeOptions<string>()),
        })
        {
            publish.Should().Throw<ObjectDisposedException>();
        }

        called.Should().BeFalse();
        _publisher.GetSubscribers().Should().BeEmpty();
        _publisher.Unsubscribe().Should().Be(0);
        _publisher.Close();
    }

    [Fact]
    public async Task Close_LaterCalls_PublisherStaysUsable()
    {
        _publisher.Close();
        var subscription = _publisher.Subscribe();
        _publisher.Publish("x");
        _publisher.Close();
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: x\n\n");
    }

    [Fact]
    public void Unsubscribe_MatchThrows_EndsNoSubscription()
    {
        _publisher.Subscribe(properties: "ann");
        _publisher.Subscribe(properties: "bob");

        var unsubscribe = () => _publisher.Unsubscribe(match: name => name == "ann" ? true : throw new FormatException());

        unsubscribe.Should().Throw<FormatException>();
        _publisher.GetSubscribers().Should().HaveCount(2);
    }

    [Fact]
    public async Task Unsubscribe_SomeOfTheChannels_KeepsTheOthers()
    {
        var subscription = _publisher.Subscribe(["a", "b", "c"]);

        _publisher.Unsubscribe(["b", "elsewhere"]).Should().Be(1);

        subscription.Channels.Should().Equal("a", "c");
        subscription.EndReason.Should().BeNull();
        _publisher.GetSubscribers("b").Should().BeEmpty();
        _publisher.Publish("x", ["a", "b", "c"]).Should().Be(1);
        _publisher.Unsubscribe(["a", "b", "c"]).Should().Be(1);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        subscription.Channels.Should().Equal("a", "c");
        (await subscription.ToArrayAsync()).Should().Equal("data: x\n\n");
    }

    [Fact]
    public void Dispose_RandomOrder_KeepsTheOtherSubscribers()
    {
        var rooms = new[] { "a", "b", "c" };
        var random = new Random(7);
        var expected = new List<Subscription<string>>();
        for (var i = 0; i < 2_000; i++)
        {
            if (random.Next(5) < 3)
                expected.Add(_publisher.Subscribe(
                    rooms[random.Next(3)..], i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            if (expected.Count > 0 && random.Next(5) < 2)
            {
                var leaving = expected[random.Next(expected.Count)];
                expected.Remove(leaving);
                leaving.Dispose();
            }

            if (i % 100 != 0)
                continue;
            foreach (var room in rooms)
            {
                expected.Where(subscription => subscription.Channels.Contains(room)).ToHashSet()
                    .SetEquals(_publisher.GetSubscribers(room)).Should().BeTrue();
            }
        }
    }
}
