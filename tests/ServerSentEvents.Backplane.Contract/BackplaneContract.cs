using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>Tests the promises of a backplane, over any broker. Each test has another stream.</summary>
public abstract partial class BackplaneContract
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    protected abstract ITestBroker Broker { get; }

    [SkippableFact]
    public async Task PublishAsync_TwoNodes_DeliverTheSameEventsInOneOrder()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var far = other.Connect();

        await Task.WhenAll(one.PublishAsync("a", 200), other.PublishAsync("b", 200));

        var seen = await near.NextAsync(400);
        (await far.NextAsync(400)).Should().Equal(seen);
        seen.Where(data => data[0] == 'a').Should().Equal(TestNode.Numbered("a", 200));
        seen.Where(data => data[0] == 'b').Should().Equal(TestNode.Numbered("b", 200));
    }

    [SkippableFact]
    public async Task PublishAsync_TwoNodes_GiveEachEventTheSameId()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var far = other.Connect();

        await one.PublishAsync("first");
        await other.PublishAsync("second");

        var (first, second) = (await near.NextAsync(), await near.NextAsync());
        (await far.NextAsync()).Should().Be(first);
        (await far.NextAsync()).Should().Be(second);
        first.EventId.Should().NotBeNullOrEmpty().And.NotBe(second.EventId);
    }

    [SkippableFact]
    public async Task PublishAsync_AllFieldsAndChannels_ArriveUnchanged()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var sport = other.Connect(channels: "sport");
        await using var nowhere = other.Connect(channels: "elsewhere");
        var item = new SseItem<string>("a\r\nb – ü", "price") { EventId = "own", ReconnectionInterval = TimeSpan.FromSeconds(3) };

        await one.Backplane.PublishAsync(item, ["news", "sport"]).WithinPatience();

        (await sport.NextAsync()).Should().Be(new SseItem<string>("a\nb – ü", "price")
        {
            EventId = item.EventId,
            ReconnectionInterval = item.ReconnectionInterval,
        });
        nowhere.Queued.Should().Be(0);
        await Limits.UntilAsync(() =>
        {
            using var resumed = one.Publisher.Subscribe(new SubscribeOptions<string> { Channels = "sport", LastEventId = "own", Properties = "" });
            return resumed.Resume == ResumeResult.Resumed;
        });
    }

    [SkippableFact]
    public async Task PublishAsync_TooLarge_ThrowsAndPublishesNothing()
    {
        await using var node = await StartNodeAsync(options => options.MaxEventBytes = 1024);
        await using var client = node.Connect();

        var publish = () => node.Backplane.PublishAsync(new string('x', 1024)).AsTask();

        (await publish.Should().ThrowAsync<ArgumentException>()).WithMessage("*MaxEventBytes allows 1024*").WithParameterName("item");
        await node.PublishAsync(new string('x', 900));
        (await client.NextAsync()).Data.Should().HaveLength(900);
    }

    [SkippableFact]
    public async Task DisposeAsync_PublishLater_Throws()
    {
        var node = await StartNodeAsync();
        await node.DisposeAsync();
        await node.DisposeAsync();

        var publish = () => node.Backplane.PublishAsync("too late").AsTask();

        await publish.Should().ThrowAsync<ObjectDisposedException>();
        node.Backplane.IsCaughtUp.Should().BeFalse();
    }

    [SkippableFact]
    public async Task Personalize_EachNode_MakesEventsForItsSubscribersAndThoseThatResume()
    {
        static void Configure(TestOptions options) => options.Personalize = (item, name) =>
            name == "left out" ? null : new SseItem<string>($"{item.Data} for {name}", item.EventType);
        await using var one = await StartNodeAsync(Configure);
        await using var other = await StartNodeAsync(Configure);
        await using var ann = one.Connect(name: "Ann");
        await using var leftOut = one.Connect(name: "left out");

        await one.PublishAsync("a");
        await one.PublishAsync("b");
        (await ann.NextAsync()).Data.Should().Be("a for Ann");

        await using var there = other.Connect(ann.LastEventId, "Ann");
        await other.PublishAsync("c");
        (await there.NextAsync(2)).Should().Equal("b for Ann", "c for Ann");
        (await ann.NextAsync(2)).Should().Equal("b for Ann", "c for Ann");
        leftOut.Queued.Should().Be(0);
    }

    [SkippableFact]
    public async Task Personalize_OwnIdThatReachedNoClientOfANode_IsResumedThere()
    {
        static void Configure(TestOptions options) => options.Personalize = (item, name) =>
            new SseItem<string>($"{item.Data} for {name}") { EventId = item.EventId };
        await using var one = await StartNodeAsync(Configure);
        await using var empty = await StartNodeAsync(Configure);
        await using var ann = one.Connect(name: "Ann");
        await one.Backplane.PublishAsync(new SseItem<string>("a") { EventId = "own-1" }).WithinPatience();
        await ann.NextAsync();
        await empty.Backplane.PublishAsync(new SseItem<string>("b") { EventId = "own-2" }).WithinPatience();
        (await ann.NextAsync()).EventId.Should().Be("own-2");
        await using var late = await StartNodeAsync(Configure);

        await using var remembered = late.Connect("own-1", "Ann");

        (await remembered.NextAsync()).Data.Should().Be("b for Ann");
        await Limits.UntilAsync(() => empty.Connect("own-2", "Ann").Resume == ResumeResult.Resumed);
        await using var delivered = empty.Connect("own-1", "Ann");
        (await delivered.NextAsync()).Data.Should().Be("b for Ann");
    }

    [SkippableFact]
    public async Task Personalize_ThrowsForOneSubscriber_OthersGetTheirsAndTheLogSaysSo()
    {
        await using var node = await StartNodeAsync(options => options.Personalize = (item, name) =>
            name == "bad" ? throw new InvalidOperationException("no such culture") : item);
        await using var good = node.Connect(name: "good");
        await using var bad = node.Connect(name: "bad");

        await node.PublishAsync("a");
        await node.PublishAsync("b");

        (await good.NextAsync(2)).Should().Equal("a", "b");
        bad.Queued.Should().Be(0);
        node.Log.Warnings.Should().Contain(text => text.Contains("no such culture", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task DisconnectAsync_TwoNodes_EndsTheSubscriptionsOfThatKeyInOrderWithTheEvents()
    {
        static void Configure(TestOptions options) => options.SubscriberKey = name => name;
        await using var one = await StartNodeAsync(Configure);
        await using var other = await StartNodeAsync(Configure);
        await using var near = one.Connect(name: "Ann");
        await using var far = other.Connect(name: "Ann");
        await using var bob = other.Connect(name: "Bob");
        await one.PublishAsync("before");
        (await near.NextAsync()).Data.Should().Be("before");
        (await far.NextAsync()).Data.Should().Be("before");

        await one.Backplane.DisconnectAsync("Ann").WithinPatience();
        await one.PublishAsync("after");

        (await near.RestAsync()).Should().BeEmpty();
        (await far.RestAsync()).Should().BeEmpty();
        far.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        (await bob.NextAsync(2)).Should().Equal("before", "after");
    }

    [SkippableFact]
    public async Task DisconnectAsync_NodeWithoutSubscriberKey_WarnsOnceAndGoesOn()
    {
        await using var node = await StartNodeAsync();
        await using var client = node.Connect(name: "Ann");

        await node.Backplane.DisconnectAsync("Ann").WithinPatience();
        await node.Backplane.DisconnectAsync("Ann").WithinPatience();
        await node.PublishAsync("after");

        (await client.NextAsync()).Data.Should().Be("after");
        node.Log.Warnings.Count(text => text.Contains("SubscriberKey is not set", StringComparison.Ordinal)).Should().Be(1);
    }

    [SkippableFact]
    public async Task Read_UnknownItem_IsSkipped()
    {
        await using var node = await StartNodeAsync();
        await using var client = node.Connect();
        byte[] unknownField = [99, 0, 0, 0, 1, 7];
        var known = ItemFormat.EncodeEvent(new SseItem<string>("known"), default);
        await node.PublishAsync("first");

        await AppendAsync(RawMessage.OfItems(new MessageId(1, 3), isRetransmission: false, unknownField, known));
        await node.PublishAsync("last");

        (await client.NextAsync(3)).Should().Equal("first", "known", "last");
        node.Log.Warnings.Should().NotContain(line => line.Contains("event ids are gaps", StringComparison.Ordinal), "no message is damaged");
    }

    [SkippableTheory]
    [InlineData("version")]
    [InlineData("length")]
    [InlineData("event id")]
    [InlineData("one byte")]
    public async Task Read_MessageCannotBeDelivered_IsAGap(string fault)
    {
        await using var node = await StartNodeAsync();
        await using var client = node.Connect();
        await node.PublishAsync("before");
        var seen = (await client.NextAsync()).EventId;

        await AppendAsync(MessageWith(fault));

        (await client.RestAsync()).Should().BeEmpty();
        await using var fresh = new TestClient(
            node.Publisher.Subscribe(new SubscribeOptions<string> { Properties = "", InitialData = [new("state")] }));
        var start = (await fresh.NextAsync()).EventId;
        await node.PublishAsync("after");
        (await fresh.NextAsync()).Data.Should().Be("after");
        await using var other = await StartNodeAsync();
        foreach (var each in new[] { node, other })
        {
            await using var old = each.Connect(seen);
            old.Resume.Should().Be(ResumeResult.Gap);
            await using var resumed = each.Connect(start);
            (await resumed.NextAsync()).Data.Should().Be("after");
            each.Log.Warnings.Should().Contain(text => text.Contains(
                fault == "version" ? $"does not know version {MessageFormat.Version + 1}" : "is damaged", StringComparison.Ordinal));
        }
    }

    private static byte[] MessageWith(string fault)
    {
        if (fault == "one byte")
            return [MessageFormat.Version];
        if (fault == "event id")
        {
            return RawMessage.OfItems(
                new MessageId(1, 4), isRetransmission: false, ItemFormat.EncodeEvent(new SseItem<string>("invalid") { EventId = "é" }, default));
        }

        var message = RawMessage.Of(new MessageId(1, 1), data: "x");
        if (fault == "version")
            message[0] = MessageFormat.Version + 1;
        else
            message[MessageFormat.HeaderLength + 3] += 1;   // The item says that it is longer than the message.
        return message;
    }

    private protected Task<TestNode> StartNodeAsync(Action<TestOptions>? configure = null) =>
        TestNode.StartAsync(Broker.Open(_stream), configure);

    /// <summary>Appends messages that no node has sent.</summary>
    private protected async Task AppendAsync(params byte[][] messages)
    {
        var confirmations = new Confirmations();
        await using var writer = await Broker.Open(_stream).OpenWriterAsync(confirmations, default);
        foreach (var message in messages)
            await writer.SendAsync(message, default);
        await confirmations.UntilAsync(messages.Length);
    }
}
