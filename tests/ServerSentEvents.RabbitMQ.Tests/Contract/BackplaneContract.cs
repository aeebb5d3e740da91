using System.Net.ServerSentEvents;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>What the backplane promises over any broker; each test has a stream of its own.</summary>
public abstract class BackplaneContract
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    private protected abstract ITestBroker Broker { get; }

    private protected Task<TestNode> StartNodeAsync(Action<RabbitMQBackplaneOptions<string>>? configure = null) =>
        TestNode.StartAsync(Broker.Open(_stream), configure);

    [SkippableFact]
    public async Task PublishAsync_TwoNodes_BothDeliverTheSameInOneOrder()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var far = other.Connect();

        await Task.WhenAll(PublishAsync(one, "a", 200), PublishAsync(other, "b", 200)).WithinPatience();

        var seen = await near.NextAsync(400);
        (await far.NextAsync(400)).Should().Equal(seen);
        seen.Where(data => data[0] == 'a').Should().Equal(Numbered("a", 200));
        seen.Where(data => data[0] == 'b').Should().Equal(Numbered("b", 200));
    }

    [SkippableFact]
    public async Task PublishAsync_Confirmed_ReturnsThePositionThatIsTheEventsIdEverywhere()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var far = other.Connect();

        var first = await one.Backplane.PublishAsync("first").WithinPatience();
        near.Queued.Should().Be(1, "this node's subscribers have it when the call completes");
        var second = await other.Backplane.PublishAsync("second").WithinPatience();

        first.Should().NotBe(second);
        (await near.NextAsync()).EventId.Should().Be(first);
        (await far.NextAsync()).EventId.Should().Be(first);
        (await near.NextAsync()).EventId.Should().Be(second);
    }

    [SkippableFact]
    public async Task PublishAsync_AllFieldsAndChannels_ArriveAsTheyWere()
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
        await using var resumed = one.Connect("own", channels: "sport");
        resumed.Resume.Should().Be(ResumeResult.Resumed);
    }

    [SkippableFact]
    public async Task IEventPublisher_Text_GoesToEveryNode()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var far = other.Connect();
        IEventPublisher events = one.Backplane;

        await events.PublishAsync("hello").AsTask().WithinPatience();

        (await far.NextAsync()).Data.Should().Be("hello");
    }

    [SkippableFact]
    public async Task Resume_AtAnotherNode_GetsWhatWasMissedOnce()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var before = one.Connect();
        await PublishAsync(one, "a", 10).WithinPatience();
        await before.NextAsync(4);

        await using var after = other.Connect(before.LastEventId);
        await PublishAsync(other, "b", 2).WithinPatience();

        after.Resume.Should().Be(ResumeResult.Resumed);
        (await after.NextAsync(8)).Should().Equal([.. Numbered("a", 10).Skip(4), .. Numbered("b", 2)]);
    }

    [SkippableFact]
    public async Task Start_EventsInTheStream_FillTheHistoryAndReachNobody()
    {
        await using var one = await StartNodeAsync();
        await using var before = one.Connect();
        await PublishAsync(one, "a", 10).WithinPatience();
        await before.NextAsync(3);

        await using var late = await StartNodeAsync();
        await using var fresh = late.Connect();
        await using var resumed = late.Connect(before.LastEventId);

        late.Backplane.IsCaughtUp.Should().BeTrue();
        fresh.Queued.Should().Be(0);
        for (var number = 3; number < 10; number++)
        {
            var there = await before.NextAsync();
            (await resumed.NextAsync()).Should().Be(there, "its id too is the same on every node");
            there.Data.Should().Be($"a{number}");
        }
    }

    [SkippableFact]
    public async Task Start_WithoutReadBack_KnowsTheEpochAndTellsOfTheGap()
    {
        await using var one = await StartNodeAsync();
        await using var before = one.Connect();
        await PublishAsync(one, "a", 2).WithinPatience();
        await before.NextAsync();

        await using var late = await StartNodeAsync(options => options.ReadBack = TimeSpan.Zero);
        await late.Backplane.PublishAsync("b").WithinPatience();

        (await before.NextAsync(2)).Should().Equal("a1", "b");
        before.EndReason.Should().BeNull("the epoch is the same, and nobody else is disturbed");
        await using var resumed = late.Connect(before.LastEventId);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
    }

    [SkippableFact]
    public async Task Start_TwoAtOnceOnAnEmptyStream_AgreeOnTheEpoch()
    {
        var nodes = await Task.WhenAll(StartNodeAsync(), StartNodeAsync());
        await using var one = nodes[0];
        await using var other = nodes[1];
        foreach (var node in nodes)
            await node.Backplane.PublishAsync("settles").WithinPatience();
        await using var near = one.Connect();
        await using var far = other.Connect();

        var first = await one.Backplane.PublishAsync("a").WithinPatience();
        var second = await other.Backplane.PublishAsync("b").WithinPatience();

        foreach (var client in new[] { near, far })
        {
            while (await client.NextAsync() is { Data: "settles" })
            {
            }

            client.LastEventId.Should().Be(first);
            (await client.NextAsync()).EventId.Should().Be(second);
        }
    }

    [SkippableFact]
    public async Task Personalise_EachNode_MakesItForItsOwnAndForThoseWhoResume()
    {
        void Configure(RabbitMQBackplaneOptions<string> options) => options.Personalise = (item, name) =>
            name == "nobody" ? null : new SseItem<string>($"{item.Data} for {name}", item.EventType);
        await using var one = await StartNodeAsync(Configure);
        await using var other = await StartNodeAsync(Configure);
        await using var ann = one.Connect(name: "Ann");
        await using var nobody = one.Connect(name: "nobody");

        await one.Backplane.PublishAsync("a").WithinPatience();
        await one.Backplane.PublishAsync("b").WithinPatience();
        (await ann.NextAsync()).Data.Should().Be("a for Ann");

        nobody.Queued.Should().Be(0);
        await using var there = other.Connect(ann.LastEventId, "Ann");
        await other.Backplane.PublishAsync("c").WithinPatience();
        (await there.NextAsync(2)).Should().Equal("b for Ann", "c for Ann");
    }

    [SkippableFact]
    public async Task Personalise_OwnIdThatReachedNobodyOnANode_IsResumedFromThere()
    {
        void Configure(RabbitMQBackplaneOptions<string> options) => options.Personalise = (item, name) =>
            new SseItem<string>($"{item.Data} for {name}") { EventId = item.EventId };
        await using var one = await StartNodeAsync(Configure);
        await using var empty = await StartNodeAsync(Configure);
        await using var ann = one.Connect(name: "Ann");
        await one.Backplane.PublishAsync(new SseItem<string>("a") { EventId = "own-1" }).WithinPatience();
        await ann.NextAsync();
        await empty.Backplane.PublishAsync(new SseItem<string>("b") { EventId = "own-2" }).WithinPatience();
        await using var late = await StartNodeAsync(Configure);

        await using var delivered = empty.Connect(ann.LastEventId, "Ann");
        await using var remembered = late.Connect(ann.LastEventId, "Ann");

        ann.LastEventId.Should().Be("own-1");
        (await delivered.NextAsync()).Data.Should().Be("b for Ann");
        (await remembered.NextAsync()).Data.Should().Be("b for Ann");
    }

    [SkippableFact]
    public async Task Personalise_ThrowsForOne_TheOthersGetTheirsAndItIsLogged()
    {
        await using var node = await StartNodeAsync(options => options.Personalise = (item, name) =>
            name == "bad" ? throw new InvalidOperationException("no such culture") : item);
        await using var good = node.Connect(name: "good");
        await using var bad = node.Connect(name: "bad");

        await node.Backplane.PublishAsync("a").WithinPatience();
        await node.Backplane.PublishAsync("b").WithinPatience();

        (await good.NextAsync(2)).Should().Equal("a", "b");
        bad.Queued.Should().Be(0);
        node.Log.Warnings.Should().Contain(text => text.Contains("no such culture", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Outage_BrokerStopsAndStarts_ClientsSeeAPause()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var far = other.Connect();
        await PublishAsync(one, "a", 10).WithinPatience();

        await Broker.StopAsync();
        await Limits.UntilAsync(() => !one.Backplane.IsCaughtUp && !other.Backplane.IsCaughtUp);
        var during = PublishAsync(one, "b", 10);
        during.IsCompleted.Should().BeFalse();
        await Broker.StartAsync();
        await during.WithinPatience();

        (await far.NextAsync(20)).Should().Equal([.. Numbered("a", 10), .. Numbered("b", 10)]);
        far.EndReason.Should().BeNull();
    }

    [SkippableFact]
    public async Task ConfirmationLost_SentAgainUnderTheSameId_IsDeliveredOnceByEachNode()
    {
        var reads = new DelayedReads(Broker.Open(_stream));
        var losing = new LostConfirmations(reads);
        await using var one = await TestNode.StartAsync(losing);
        await using var other = await TestNode.StartAsync(Broker.Open(_stream));
        await using var near = one.Connect();
        await using var far = other.Connect();
        await one.Backplane.PublishAsync("before").WithinPatience();

        // What it has read back it would not send again.
        reads.Hold();
        var swallowed = losing.BeginAsync();
        var publishing = one.Backplane.PublishAsync("again");
        await swallowed.WithinPatience();
        losing.LoseConnection();
        await Limits.UntilAsync(async () => (await ReadAllAsync()).Count(message => IsAgain(message)) == 2);
        reads.Release();
        await publishing.WithinPatience();
        await one.Backplane.PublishAsync("after").WithinPatience();

        var copies = (await ReadAllAsync()).Where(IsAgain).ToList();
        copies.Select(message => message.Id).Distinct().Should().ContainSingle();
        copies.Select(message => message.IsSentAgain).Should().Equal(false, true);
        (await near.NextAsync(3)).Should().Equal("before", "again", "after");
        (await far.NextAsync(3)).Should().Equal("before", "again", "after");

        static bool IsAgain(StreamMessage message) => message.Events is [{ Item.Data: "again" }];
    }

    [SkippableFact]
    public async Task Resume_WithinAMessageOfMany_GetsExactlyTheRestAtEveryNode()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var before = other.Connect();
        await Broker.StopAsync();
        await Limits.UntilAsync(() => !one.Backplane.IsCaughtUp && !other.Backplane.IsCaughtUp);
        var waiting = PublishAsync(one, "a", 1500);
        await Broker.StartAsync();
        await waiting.WithinPatience();
        await before.NextAsync(700);
        before.LastEventId.Should().EndWith("699", "that is its place in its message");
        await using var late = await StartNodeAsync();

        foreach (var node in new[] { one, other, late })
        {
            await using var resumed = node.Connect(before.LastEventId);
            resumed.Resume.Should().Be(ResumeResult.Resumed);
            (await resumed.NextAsync(800)).Should().Equal(Numbered("a", 1500).Skip(700));
        }
    }

    [SkippableFact]
    public async Task PublishAsync_OutageLongerThanTheTimeout_ThrowsAndIsNotPublishedLater()
    {
        await using var node = await StartNodeAsync(options => options.PublishTimeout = TimeSpan.FromMilliseconds(500));
        await using var client = node.Connect();
        await Broker.StopAsync();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);

        var publish = () => node.Backplane.PublishAsync("in vain").WithinPatience();

        (await publish.Should().ThrowAsync<TimeoutException>()).WithMessage("The event was not published: *cannot be re*00:00:00.5*PublishTimeout*");
        await Broker.StartAsync();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await using var again = await StartNodeAsync();
        await again.Backplane.PublishAsync("later").WithinPatience();
        (await client.NextAsync()).Data.Should().Be("later");
    }

    [SkippableFact]
    public async Task StreamMadeAnew_OldIds_AreGapsOnEveryNode()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var client = other.Connect();
        await PublishAsync(one, "a", 20).WithinPatience();
        await client.NextAsync(10);

        await Broker.DeleteAsync(_stream);
        while (await client.TryNextAsync() is not null)
        {
        }

        await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
        var positions = new List<string>();
        foreach (var node in new[] { one, other })
            positions.Add(await node.Backplane.PublishAsync("b").WithinPatience());
        foreach (var node in new[] { one, other })
        {
            await using var resumed = node.Connect(client.LastEventId);
            resumed.Resume.Should().Be(ResumeResult.Gap);
            await using var current = node.Connect(positions[0]);
            current.Resume.Should().Be(ResumeResult.Resumed);
            (await current.NextAsync()).EventId.Should().Be(positions[1]);
        }
    }

    [SkippableFact]
    public async Task Read_UnknownVersionOrDamaged_IsSkippedWithAWarning()
    {
        await using var node = await StartNodeAsync();
        await using var client = node.Connect();
        var future = RawMessage.Of(new MessageId(1, 1), data: ["from the future"]);
        future[0] = 2;
        var damaged = RawMessage.Of(new MessageId(1, 2), data: ["damaged"]);
        damaged[^1] ^= 1;

        await AppendAsync(future, damaged, []);
        await node.Backplane.PublishAsync("goes on").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("goes on");
        node.Log.Warnings.Should().Contain(text => text.Contains("has version 2", StringComparison.Ordinal));
        node.Log.Warnings.Count(text => text.Contains("is damaged", StringComparison.Ordinal)).Should().Be(2);
    }

    [SkippableFact]
    public async Task RollingUpgrade_OneNodeAfterTheOther_ClientsThatHopMissNothing()
    {
        const int events = 20;
        var nodes = new[] { await StartNodeAsync(), await StartNodeAsync() };
        var received = new List<string>();
        var published = new List<string>();
        string? lastEventId = null;
        await using (var client = nodes[0].Connect())
        {
            await nodes[0].Backplane.PublishAsync("first").WithinPatience();
            await ReadAsync(client, 1);
        }

        // First all learn to read the next version, then all begin to write it.
        foreach (var (place, writes) in new[] { (0, false), (1, false), (0, true), (1, true) })
        {
            await nodes[place].DisposeAsync();
            nodes[place] = await TestNode.StartAsync(new NextVersion(Broker.Open(_stream), writes));
            foreach (var node in nodes)
            {
                await using var client = node.Connect(lastEventId);
                client.Resume.Should().Be(ResumeResult.Resumed);
                var prefix = $"{place}{writes}{Array.IndexOf(nodes, node)}-";
                await Task.WhenAll(PublishAsync(nodes[0], prefix + "a", events), PublishAsync(nodes[1], prefix + "b", events)).WithinPatience();
                published.AddRange([.. Numbered(prefix + "a", events), .. Numbered(prefix + "b", events)]);
                await ReadAsync(client, 2 * events);
            }
        }

        received.Skip(1).Should().BeEquivalentTo(published).And.OnlyHaveUniqueItems();
        foreach (var node in nodes)
        {
            node.Log.Warnings.Should().BeEmpty();
            await node.DisposeAsync();
        }

        async Task ReadAsync(TestClient client, int count)
        {
            received.AddRange(await client.NextAsync(count));
            lastEventId = client.LastEventId;
        }
    }

    [SkippableFact]
    public async Task RollingUpgrade_NodeLeftBehind_SkipsWhatItCannotRead()
    {
        await using var old = await StartNodeAsync();
        await using var writes = await TestNode.StartAsync(new NextVersion(Broker.Open(_stream), writes: true));
        await using var client = old.Connect();

        await writes.Backplane.PublishAsync("of the next version").WithinPatience();
        await old.Backplane.PublishAsync("of this one").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("of this one");
        old.Log.Warnings.Should().Contain(text => text.Contains("has version 2", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task PublishAsync_TooLarge_IsRefusedAndNothingIsPublished()
    {
        await using var node = await StartNodeAsync(options => options.MaxEventBytes = 1024);
        await using var client = node.Connect();

        var publish = () => node.Backplane.PublishAsync(new string('x', 1024));

        (await publish.Should().ThrowAsync<ArgumentException>()).WithMessage("*MaxEventBytes allows 1024*").WithParameterName("item");
        await node.Backplane.PublishAsync(new string('x', 900)).WithinPatience();
        (await client.NextAsync()).Data.Should().HaveLength(900);
    }

    [SkippableFact]
    public async Task DisposeAsync_PublishingAfter_Throws()
    {
        var node = await StartNodeAsync();
        await node.DisposeAsync();
        await node.DisposeAsync();

        var publish = () => node.Backplane.PublishAsync("too late");

        await publish.Should().ThrowAsync<ObjectDisposedException>();
    }

    /// <summary>What stands in the stream by now.</summary>
    private async Task<List<StreamMessage>> ReadAllAsync()
    {
        var end = RawMessage.Of(new MessageId((ulong)Random.Shared.NextInt64(), 1));
        await AppendAsync(end);
        var messages = new List<StreamMessage>();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var reader = await Broker.Open(_stream).OpenReaderAsync(CancellationToken.None);
        await reader.ReadAsync(
            StreamStart.First,
            (_, body) =>
            {
                if (body.SequenceEqual(end))
                    read.TrySetResult();
                else if (MessageFormat.TryDecode(body, out var message) == DecodeResult.Decoded && !read.Task.IsCompleted)
                    messages.Add(message);
            },
            CancellationToken.None);
        await read.Task.WithinPatience();
        return messages;
    }

    /// <summary>Writes messages as no node of this version would.</summary>
    private protected async Task AppendAsync(params byte[][] messages)
    {
        var observer = new CountingObserver(messages.Length);
        await using var writer = await Broker.Open(_stream).OpenWriterAsync(observer, CancellationToken.None);
        foreach (var message in messages)
            await writer.SendAsync(message, CancellationToken.None);
        await observer.AllConfirmed.WithinPatience();
    }

    private protected static async Task PublishAsync(TestNode node, string prefix, int count) =>
        await Task.WhenAll(Numbered(prefix, count).Select(data => node.Backplane.PublishAsync(data)));

    private protected static IEnumerable<string> Numbered(string prefix, int count) =>
        Enumerable.Range(0, count).Select(number => $"{prefix}{number}");
}
