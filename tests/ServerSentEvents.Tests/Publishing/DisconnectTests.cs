namespace ServerSentEvents.Tests;

/// <summary>Tests the members that concern the subscribers of all channels.</summary>
public sealed class DisconnectTests
{
    private readonly Publisher<string> _publisher = new(new PublisherOptions { HistoryCapacity = 10 });
    private readonly List<Subscription<string>> _ended = [];

    public DisconnectTests() => _publisher.Unsubscribed += (_, arguments) => _ended.Add(arguments.Subscription);

    [Fact]
    public void GetAllSubscribers_SubscribersOfSeveralChannels_ReturnsEachOnce()
    {
        _publisher.GetAllSubscribers().Should().BeEmpty();
        var one = _publisher.Subscribe(["a", "b", "c"]);
        var two = _publisher.Subscribe("b");
        var three = _publisher.Subscribe();

        var before = _publisher.GetAllSubscribers();
        one.Dispose();

        before.Should().BeEquivalentTo([one, two, three]);
        _publisher.GetAllSubscribers().Should().BeEquivalentTo([two, three]);
        _publisher.Dispose();
        _publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public void GetChannels_SubscribersComeAndGo_ReturnsTheNamesThatHaveOne()
    {
        _publisher.Publish("1", "a channel that has only a history");
        _publisher.GetChannels().Should().BeEmpty();
        var one = _publisher.Subscribe(["a", "b"]);
        var two = _publisher.Subscribe("b");

        var before = _publisher.GetChannels();
        two.Join("c");
        one.Dispose();

        before.Should().BeEquivalentTo("a", "b");
        _publisher.GetChannels().Should().BeEquivalentTo("b", "c");
        _publisher.Dispose();
        _publisher.GetChannels().Should().BeEmpty();
    }

    [Fact]
    public async Task Disconnect_Matching_EndsThemInEveryChannelAndDropsTheirQueues()
    {
        Subscription<string>[] ann = [_publisher.Subscribe(["a", "b"], "Ann"), _publisher.Subscribe("c", "Ann", ["initial"])];
        var bob = _publisher.Subscribe(["a", "c"], "Bob");
        _publisher.Publish("1", ["a", "b", "c"]);

        _publisher.Disconnect(name => name == "Ann").Should().Be(2);

        _ended.Should().BeEquivalentTo(ann);
        foreach (var subscription in ann)
        {
            subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
            subscription.QueuedEvents.Should().Be(0);
            subscription.QueuedBytes.Should().Be(0);
            (await subscription.ToArrayAsync()).Should().BeEmpty();
        }

        ann[0].Channels.Should().BeEquivalentTo("a", "b");
        bob.EndReason.Should().BeNull();
        bob.QueuedEvents.Should().Be(1);
        _publisher.GetAllSubscribers().Should().Equal(bob);
        _publisher.Publish("2", ["a", "b", "c"]).Should().Be(1);
    }

    [Fact]
    public void Disconnect_SubscriberOfSeveralChannels_CallsTheFunctionOnceOnThisThread()
    {
        _publisher.Subscribe(["a", "b", "c"], "Ann");
        _publisher.Subscribe("b", "Bob");
        var calls = new List<(string Name, int Thread)>();

        _publisher.Disconnect(name =>
        {
            calls.Add((name, Environment.CurrentManagedThreadId));
            return false;
        }).Should().Be(0);

        var thread = Environment.CurrentManagedThreadId;
        calls.Should().BeEquivalentTo([("Ann", thread), ("Bob", thread)]);
        _ended.Should().BeEmpty();
    }

    [Fact]
    public void Disconnect_FunctionThrows_EndsNothing()
    {
        _publisher.Subscribe("a", "Ann");
        _publisher.Subscribe("a", "Bob");
        var calls = 0;

        _publisher.Invoking(it => it.Disconnect(_ => ++calls == 1 ? true : throw new FormatException()))
            .Should().Throw<FormatException>();

        _ended.Should().BeEmpty();
        _publisher.GetAllSubscribers().Should().HaveCount(2).And.OnlyContain(subscription => subscription.EndReason == null);
        _publisher.Publish("1", "a").Should().Be(2);
    }

    [Fact]
    public void Disconnect_Null_Throws() =>
        _publisher.Invoking(it => it.Disconnect(null!)).Should().Throw<ArgumentNullException>().WithParameterName("match");

    [Fact]
    public async Task Disconnect_EndedBefore_IsNeitherCountedNorDropped()
    {
        var closed = _publisher.Subscribe("a", "Ann");
        _publisher.Publish("1", "a");
        closed.Close();

        _publisher.Disconnect(_ => true).Should().Be(0);

        closed.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await closed.ToArrayAsync()).Should().ContainSingle();
    }

    [Fact]
    public void Disconnect_EndedDuringTheFunction_IsNotCountedAndItsQueueIsDropped()
    {
        var subscription = _publisher.Subscribe("a", "Ann");
        _publisher.Publish("1", "a");

        _publisher.Disconnect(_ =>
        {
            subscription.Close();
            return true;
        }).Should().Be(0);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        subscription.QueuedEvents.Should().Be(0);
        _ended.Should().Equal(subscription);
    }

    [Fact]
    public void Disconnect_Disposed_ReturnsZero()
    {
        _publisher.Subscribe("a", "Ann");
        _publisher.Dispose();

        _publisher.Disconnect(_ => true).Should().Be(0);
    }

    [Fact]
    public void Disconnect_HandlerThrows_HasEndedAllBeforeTheFirstHandler()
    {
        var open = new List<int>();
        _publisher.Unsubscribed += (_, _) =>
        {
            open.Add(_publisher.GetAllSubscribers().Count);
            throw new FormatException();
        };
        Subscription<string>[] subscriptions = [_publisher.Subscribe("a"), _publisher.Subscribe("b")];

        _publisher.Invoking(it => it.Disconnect(_ => true)).Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().HaveCount(2);

        open.Should().Equal(0, 0);
        subscriptions.Should().OnlyContain(subscription => subscription.EndReason == SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Disconnect_ReaderWaits_GetsTheEndOfTheStream()
    {
        var reader = _publisher.Subscribe("a").GetAsyncEnumerator();
        var reading = reader.MoveNextAsync().AsTask();

        _publisher.Disconnect(_ => true).Should().Be(1);

        (await reading.WaitAsync(Limits.Patience)).Should().BeFalse();
    }

    [Fact]
    public async Task Disconnect_FlushWaitsForTheClient_EndsTheCopyAtOnce()
    {
        var publisher = new Publisher();
        var client = new SlowClient(publisher.Subscribe());
        publisher.Publish("1");
        await client.WaitAsync();
        publisher.Publish("2");

        publisher.Disconnect(_ => true).Should().Be(1);

        await client.Copy.WaitAsync(Limits.Patience);
        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().Be("data: 1\n\n");
    }

    [Fact]
    public async Task Disconnect_WhileMissedPersonalizedEventsAreMade_EndsTheSubscription()
    {
        var announced = new List<string>();
        _publisher.Subscribed += (_, _) => announced.Add("begin");
        _publisher.Unsubscribed += (_, _) => announced.Add("end");
        var (id, remake) = await PublishPersonalizedAsync();
        announced.Clear();
        var isListed = true;
        var disconnected = 0;
        remake.OnReplay = () => OwnThread.Run(() =>
        {
            isListed = _publisher.GetAllSubscribers().Count > 0 || _publisher.GetChannels().Count > 0;
            disconnected = _publisher.Disconnect(name => name == "Ann");
        });

        var resumed = _publisher.Subscribe(new SubscribeOptions<string> { Properties = "Ann", LastEventId = id });

        isListed.Should().BeFalse("nothing half made is visible");
        disconnected.Should().Be(1);
        resumed.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        resumed.QueuedEvents.Should().Be(0);
        announced.Should().Equal("begin", "end");
        _publisher.GetAllSubscribers().Should().BeEmpty();
        (await resumed.ToArrayAsync()).Should().BeEmpty();
    }

    /// <summary>Publishes an event and a personalized event, and returns the id of the first.</summary>
    private async Task<(string Id, Remaking Remaking)> PublishPersonalizedAsync()
    {
        var remaking = new Remaking();
        var first = _publisher.Subscribe(properties: "Ann");
        _publisher.Publish("1");
        _publisher.Publish(remaking.Make);
        var id = (await first.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
        first.Dispose();
        return (id, remaking);
    }

    /// <summary>A personalized event that runs code when it is made for a client that resumes.</summary>
    private sealed class Remaking
    {
        internal Action OnReplay { get; set; } = static () => { };

        internal string? Make(string name)
        {
            OnReplay();
            return name;
        }
    }
}
