using System.Globalization;
using System.Net.ServerSentEvents;
using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests;

/// <summary>Tests that an event replaces the queued event of the same key, and that nothing else changes.</summary>
public sealed class ConflationTests
{
    private const int Capacity = 4;

    private readonly Publisher<string> _publisher = new();

    [Fact]
    public async Task Publish_SameKey_ReplacesTheQueuedEventInItsPlace()
    {
        var subscription = Subscribe(_publisher);

        Publish(_publisher, "a1", "b1", "a2", "c1", "b2", "a3").Should().AllBeEquivalentTo(1);
        subscription.QueuedEvents.Should().Be(3);
        subscription.DroppedEvents.Should().Be(0);
        _publisher.Close();

        Data(await subscription.ToArrayAsync()).Should().Equal("a3", "b2", "c1");
    }

    [Fact]
    public async Task Publish_ReaderHasTakenTheEvent_AddsANewOne()
    {
        await using var reader = Subscribe(_publisher).GetAsyncEnumerator();
        Publish(_publisher, "a1");
        Data([await reader.NextAsync()]).Should().Equal("a1");

        Publish(_publisher, "a2", "a3");

        Data([await reader.NextAsync()]).Should().Equal("a3");
    }

    [Fact]
    public async Task Publish_KeyIsNull_EventsAreNotConflated()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = static _ => null });
        Publish(_publisher, "a1", "a2");
        _publisher.PublishComment("a comment");
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: a1\n\n", "data: a2\n\n", ": a comment\n");
    }

    [Fact]
    public async Task Publish_OtherSubscribers_GetEveryEvent()
    {
        var conflating = Subscribe(_publisher);
        var plain = _publisher.Subscribe();
        Publish(_publisher, "a1", "a2").Should().AllBeEquivalentTo(2);
        _publisher.Close();

        Data(await conflating.ToArrayAsync()).Should().Equal("a2");
        Data(await plain.ToArrayAsync()).Should().Equal("a1", "a2");
    }

    [Fact]
    public async Task Publish_InitialData_IsNotReplaced()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { ConflationKey = FirstLetter, InitialData = [new("a0")] });
        Publish(_publisher, "a1", "a2");
        _publisher.Close();

        Data(await subscription.ToArrayAsync()).Should().Equal("a0", "a2");
    }

    [Fact]
    public async Task Publish_EventWithAnOwnId_IsNeitherReplacedNorOvertaken()
    {
        var subscription = Subscribe(_publisher);
        Publish(_publisher, "a1");
        _publisher.Publish(new SseItem<string>("a2") { EventId = "own" });
        Publish(_publisher, "a3", "a4");
        _publisher.Close();

        Data(await subscription.ToArrayAsync()).Should().Equal("a1", "a2", "a4");
    }

    [Fact]
    public async Task Publish_WithAHistory_EventIsSentWithTheIdOfThePlaceAndAResumeMissesNothing()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 100 });
        var plain = publisher.Subscribe();
        var subscription = Subscribe(publisher);
        Publish(publisher, "a1", "b1", "a2");
        var ids = (await ReadAsync(plain, 3)).Select(item => item.EventId).ToList();
        var items = await ReadAsync(subscription, 2);

        items.Select(item => item.Data).Should().Equal("a2", "b1");
        items.Select(item => item.EventId).Should().Equal(ids[0], ids[1]);
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = items[0].EventId });
        publisher.Close();
        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("b1", "a2");
    }

    [Fact]
    public async Task Publish_PersonalizedEvents_AreConflatedByTheKeyOfEachSubscriber()
    {
        var ann = Subscribe(_publisher, "a");
        var bob = Subscribe(_publisher, "b");
        foreach (var number in (int[])[1, 2])
            _publisher.Publish(name => name == "b" && number == 2 ? "x" : $"{name}{number}");
        _publisher.Close();

        Data(await ann.ToArrayAsync()).Should().Equal("a2");
        Data(await bob.ToArrayAsync()).Should().Equal("b1", "x");
    }

    [Fact]
    public async Task Publish_LatecomerGetsAnEventOfAKeyInBetween_LatestValueComesLast()
    {
        Subscription<string>? late = null;
        Subscribe(_publisher, "first");
        _publisher.Publish(name =>
        {
            if (late is not null)
                return "a2";
            late = Subscribe(_publisher, "late");
            Publish(_publisher, "a1");
            return "early";
        });
        Publish(_publisher, "a3");
        _publisher.Close();

        Data(await late!.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
    }

    [Fact]
    public async Task KeyFunction_Throws_EventIsQueuedAndTheFailureIsThrownAfterwards()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = static item => item.Data == "a2" ? throw new FormatException() : FirstLetter(item),
        });
        var other = _publisher.Subscribe();
        Publish(_publisher, "a1");

        _publisher.Invoking(publisher => publisher.Publish("a2"))
            .Should().Throw<AggregateException>().Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<FormatException>();
        Publish(_publisher, "a3");
        _publisher.Close();

        Data(await subscription.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
        Data(await other.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
    }

    [Fact]
    public void KeyFunction_SharedEvent_IsCalledOnceForEachDelegateOfTheChannelsOutsideTheLock()
    {
        var calls = new List<string>();
        Func<SseItem<string>, string?> one = item => Call("one", item);
        Func<SseItem<string>, string?> two = item => Call("two", item);
        foreach (var (key, channels) in new (Func<SseItem<string>, string?>, ChannelNames)[]
            { (one, "a"), (one, "a"), (one, ["a", "b"]), (two, "b"), (two, "c") })
        {
            _publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = key, Channels = channels });
        }

        _publisher.Publish("1", "a");
        calls.Should().Equal("one");
        _publisher.Publish("2", ["a", "b", "c", "c"]);
        calls.Skip(1).Should().BeEquivalentTo("one", "two");
        _publisher.Unsubscribe("a");
        _publisher.Publish("3", "a");
        calls.Should().HaveCount(3, "no subscriber of the channel is left");

        string Call(string name, SseItem<string> item)
        {
            calls.Add(name);
            OwnThread.Run(() => _publisher.GetSubscribers());
            item.EventId.Should().BeNull();
            return item.Data;
        }
    }

    [Fact]
    public void QueuedBytes_ReplacementsOfOtherSizes_AreExact()
    {
        var subscription = Subscribe(_publisher);
        Publish(_publisher, "a", "b");
        Publish(_publisher, "a" + new string('x', 100));
        subscription.QueuedBytes.Should().Be((2 * Text("a").Length) + 100);
        Publish(_publisher, "ax");
        subscription.QueuedBytes.Should().Be((2 * Text("a").Length) + 1);
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect, "a,b")]
    [InlineData(QueueOverflow.DropOldest, "b,aa")]
    [InlineData(QueueOverflow.DropNewest, "a,b")]
    public async Task BoundInBytes_ReplacementHasNoRoom_DoesWhatTheSubscriberChose(QueueOverflow overflow, string expected)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = FirstLetter,
            QueueOverflow = overflow,
            QueueCapacityBytes = 2 * Text("a").Length,
        });
        Publish(_publisher, "a", "b");

        _publisher.Publish("aa");

        subscription.EndReason.Should().Be(
            overflow == QueueOverflow.Disconnect ? SubscriptionEndReason.Overflowed : null);
        subscription.DroppedEvents.Should().Be(overflow == QueueOverflow.Disconnect ? 0 : overflow == QueueOverflow.DropOldest ? 2 : 1);
        _publisher.Close();
        var read = Data(await subscription.ToArrayAsync());
        // The event "b" had to go too: both do not fit with the longer "aa".
        read.Should().Equal(overflow == QueueOverflow.DropOldest ? ["aa"] : expected.Split(','));
    }

    [Fact]
    public async Task BoundInBytes_OnlyEventOfTheQueueGrowsBeyondIt_IsTaken()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { ConflationKey = FirstLetter, QueueCapacityBytes = Text("a").Length });
        Publish(_publisher, "a", "a" + new string('x', 100));
        _publisher.Close();

        Data(await subscription.ToArrayAsync()).Should().Equal("a" + new string('x', 100));
    }

    [Fact]
    public async Task Copy_SameKey_WritesTheLatest()
    {
        var publisher = new Publisher();
        var client = new SlowClient(publisher.Subscribe(new SubscribeOptions<object?> { ConflationKey = FirstLetter }));
        publisher.Publish("begun");
        await client.WaitAsync();

        foreach (var data in (string[])["a1", "b1", "a2", "b2"])
            publisher.Publish(data);
        publisher.Close();

        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().Be(Text("begun") + Text("a2") + Text("b2"));
    }

    [Fact]
    public async Task ReaderAndPublisherRace_EveryKey_EndsWithItsLatestValueInOrder()
    {
        const int events = 100_000;
        const int keys = 3;
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = static item => item.Data.Split(' ')[0],
        });
        var publishing = OwnThread.RunAsync(() =>
        {
            for (var i = 0; i < events; i++)
                _publisher.Publish($"{i % keys} {i}");
            _publisher.Close();
        });

        var latest = new int[keys];
        await foreach (var item in subscription.AsItems())
        {
            var parts = item.Data.Split(' ').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
            parts[1].Should().BeGreaterThanOrEqualTo(latest[parts[0]]);
            latest[parts[0]] = parts[1];
        }

        await publishing;
        latest.Should().BeEquivalentTo([events - 3, events - 2, events - 1]);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed, "three places are enough");
    }

    /// <summary>
    /// Compares the publisher with a list in which an event replaces the waiting one of its key. Event ids, gap events and
    /// reads come in between.
    /// </summary>
    [Fact]
    public void Operations_RandomSequence_GiveTheSameResultsAsAList()
    {
        var step = Gen.Frequency(
            (6, Gen.Elements("a", "b", "c", "d", "e", "f")),
            (1, Gen.Elements("a own", "b own", "- null")),
            (3, Gen.Constant("read")));
        Prop.ForAll(Gen.NonEmptyListOf(step).Zip(Gen.Elements(Enum.GetValues<QueueOverflow>())).ToArbitrary(), Compare)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1_000).WithEndSize(60));
    }

    private static void Compare((List<string> Steps, QueueOverflow Overflow) scenario)
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacity = Capacity,
            QueueOverflow = scenario.Overflow,
            GapEvent = new("gap"),
        });
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = FirstLetter });
        var reader = subscription.AsItems().GetAsyncEnumerator();
        var model = new ConflatingList(Capacity, scenario.Overflow);
        var read = new List<string>();
        var number = 0;
        foreach (var step in scenario.Steps)
        {
            if (step == "read")
            {
                if (subscription.QueuedEvents > 0 || model.Count > 0)
                    read.Add(Next(reader));
                model.Read();
            }
            else
            {
                var data = $"{step[0]}{number++}";
                var id = step.EndsWith("own", StringComparison.Ordinal) ? data : null;
                publisher.Publish(new SseItem<string>(data) { EventId = id });
                model.Publish(step[0] == '-' ? null : step[..1], data, canBeReplaced: id is null);
            }
        }

        publisher.Close();
        while (reader.MoveNextAsync().AsTask().Result)
            read.Add(reader.Current.Data);
        model.ReadAll();
        read.Should().Equal(model.HasRead);
        subscription.DroppedEvents.Should().Be(model.Dropped);
        subscription.QueuedBytes.Should().Be(0);
    }

    private static string Next(IAsyncEnumerator<SseItem<string>> reader)
    {
        reader.MoveNextAsync().AsTask().Wait(Limits.Patience).Should().BeTrue();
        return reader.Current.Data;
    }

    private static string? FirstLetter(SseItem<string> item) => item.Data[0] == '-' ? null : item.Data[..1];

    private static Subscription<string> Subscribe(Publisher<string> publisher, string properties = "") =>
        publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = FirstLetter, Properties = properties });

    private static int[] Publish(Publisher<string> publisher, params string[] data) => [.. data.Select(one => publisher.Publish(one))];

    private static string Text(string data) => $"data: {data}\n\n";

    private static IEnumerable<string> Data(IEnumerable<string> texts) =>
        texts.Select(text => text.Split('\n').First(line => line.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..]);

    private static async Task<List<SseItem<string>>> ReadAsync(Subscription<string> subscription, int count)
    {
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        var items = new List<SseItem<string>>();
        for (var i = 0; i < count; i++)
            items.Add(await reader.NextAsync());
        return items;
    }

    /// <summary>A list that conflates by looking at each entry.</summary>
    private sealed class ConflatingList(int capacity, QueueOverflow overflow)
    {
        private readonly List<(string? Key, string Data, bool CanBeReplaced)> _waiting = [];
        private bool _hasHole;
        private bool _hasEnded;

        internal List<string> HasRead { get; } = [];

        internal long Dropped { get; private set; }

        internal int Count => _waiting.Count;

        internal void Publish(string? key, string data, bool canBeReplaced)
        {
            if (_hasEnded)
                return;
            var place = key is null || !canBeReplaced ? -1 : _waiting.FindLastIndex(one => one.Key == key);
            if (place >= 0 && _waiting[place].CanBeReplaced)
            {
                _waiting[place] = (key, data, CanBeReplaced: true);
                return;
            }

            if (_waiting.Count(one => overflow == QueueOverflow.DropNewest || one.Data != "gap") >= capacity)
            {
                if (overflow == QueueOverflow.Disconnect)
                {
                    _hasEnded = true;
                    return;
                }

                Dropped++;
                if (overflow == QueueOverflow.DropNewest)
                {
                    if (_waiting[^1].Data != "gap")
                        _waiting.Add((null, "gap", CanBeReplaced: false));
                    return;
                }

                _waiting.RemoveAt(0);
                _hasHole = true;
            }

            _waiting.Add((key, data, canBeReplaced));
        }

        internal void Read()
        {
            if (_waiting.Count == 0)
                return;
            if (_hasHole)
            {
                HasRead.Add("gap");
                _hasHole = false;
                return;
            }

            HasRead.Add(_waiting[0].Data);
            _waiting.RemoveAt(0);
        }

        internal void ReadAll()
        {
            while (_waiting.Count > 0)
                Read();
        }
    }
}
