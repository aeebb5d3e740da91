using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests that an event replaces the queued event of the same key, and that nothing else changes.</summary>
public sealed class ConflationTests
{
    private readonly Publisher<string> _publisher = new();

    [Fact]
    public async Task Publish_SameKey_ReplacesTheQueuedEventInItsPlace()
    {
        var subscription = Subscribe(_publisher);

        Publish(_publisher, "a1", "b1", "a2", "c1", "b2", "a3").Should().AllBeEquivalentTo(1);
        subscription.QueuedEvents.Should().Be(3);
        subscription.DroppedEvents.Should().Be(0);
        _publisher.Close();

        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal("a3", "b2", "c1");
    }

    [Fact]
    public async Task Publish_ReaderHasTakenTheEvent_AddsANewOne()
    {
        await using var reader = Subscribe(_publisher).GetAsyncEnumerator();
        Publish(_publisher, "a1");
        Frames.DataOf([await reader.NextAsync()]).Should().Equal("a1");

        Publish(_publisher, "a2", "a3");

        Frames.DataOf([await reader.NextAsync()]).Should().Equal("a3");
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

        Frames.DataOf(await conflating.ToArrayAsync()).Should().Equal("a2");
        Frames.DataOf(await plain.ToArrayAsync()).Should().Equal("a1", "a2");
    }

    [Fact]
    public async Task Publish_InitialData_IsNotReplaced()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { ConflationKey = FirstLetter, InitialData = [new("a0")] });
        Publish(_publisher, "a1", "a2");
        _publisher.Close();

        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal("a0", "a2");
    }

    [Fact]
    public async Task Publish_EventWithAnOwnId_IsNeitherReplacedNorOvertaken()
    {
        var subscription = Subscribe(_publisher);
        Publish(_publisher, "a1");
        _publisher.Publish(new SseItem<string>("a2") { EventId = "own" });
        Publish(_publisher, "a3", "a4");
        _publisher.Close();

        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal("a1", "a2", "a4");
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

        Frames.DataOf(await ann.ToArrayAsync()).Should().Equal("a2");
        Frames.DataOf(await bob.ToArrayAsync()).Should().Equal("b1", "x");
    }

    [Fact]
    public async Task Publish_ReplayHasAnEventOfTheKey_BothAreDelivered()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 100 });
        publisher.Publish("seen", eventId: "own");
        Publish(publisher, "a1", "a2");
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = FirstLetter, LastEventId = "own" });
        Publish(publisher, "a3", "a4");
        publisher.Close();

        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("a1", "a2", "a4");
    }

    [Fact]
    public async Task KeyFunction_ThrowsForAPersonalizedEvent_EventIsQueuedAndOthersConflate()
    {
        var failing = _publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = static item => item.Data == "a2" ? throw new FormatException() : FirstLetter(item),
        });
        var healthy = Subscribe(_publisher);
        _publisher.Publish(_ => "a1").Should().Be(2);

        _publisher.Invoking(publisher => publisher.Publish(_ => "a2"))
            .Should().Throw<AggregateException>().Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<FormatException>();
        _publisher.Publish(_ => "a3").Should().Be(2);
        _publisher.Close();

        Frames.DataOf(await failing.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
        Frames.DataOf(await healthy.ToArrayAsync()).Should().Equal("a3");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeyFunction_AnyEvent_RunsOnceOnThePublishingThread(bool isPersonalized)
    {
        const int events = 20;
        var calls = new ConcurrentQueue<(string Data, int Thread)>();
        Func<SseItem<string>, string?> key = item =>
        {
            calls.Enqueue((item.Data, Environment.CurrentManagedThreadId));
            return "key";
        };
        var copying = new List<Task>();
        foreach (var name in (string[])["ann", "bob"])
        {
            copying.Add(_publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = key, Properties = name })
                .CopyToAsync(new TextStream(new ReadText())));
        }

        var publishingThread = await OwnThread.RunAsync(() =>
        {
            for (var i = 0; i < events; i++)
            {
                if (isPersonalized)
                    _publisher.Publish(name => $"{i} for {name}");
                else
                    _publisher.Publish($"{i}");
            }

            return Environment.CurrentManagedThreadId;
        });
        _publisher.Close();
        await Task.WhenAll(copying).WaitAsync(Limits.Patience);

        calls.Should().OnlyContain(call => call.Thread == publishingThread);
        calls.Select(call => call.Data).Should().BeEquivalentTo(Enumerable.Range(0, events).SelectMany(
            i => isPersonalized ? new[] { $"{i} for ann", $"{i} for bob" } : [$"{i}"]));
    }

    [Fact]
    public async Task Publish_LateSubscriberGetsAnEventOfAKeyInBetween_LatestValueComesLast()
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

        Frames.DataOf(await late!.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
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

        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
        Frames.DataOf(await other.ToArrayAsync()).Should().Equal("a1", "a2", "a3");
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
    [InlineData(QueueOverflow.Disconnect, 0, "a", "b")]
    // The event "b" is dropped too: both do not fit with the longer "aa".
    [InlineData(QueueOverflow.DropOldest, 2, "aa")]
    [InlineData(QueueOverflow.DropNewest, 1, "a", "b")]
    public async Task QueueCapacityBytes_ReplacementHasNoRoom_AppliesQueueOverflow(
        QueueOverflow overflow, long dropped, params string[] expected)
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
        subscription.DroppedEvents.Should().Be(dropped);
        _publisher.Close();
        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal(expected);
    }

    [Fact]
    public async Task QueueCapacityBytes_OnlyEventOfTheQueueGrowsBeyondIt_IsTaken()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { ConflationKey = FirstLetter, QueueCapacityBytes = Text("a").Length });
        Publish(_publisher, "a", "a" + new string('x', 100));
        _publisher.Close();

        Frames.DataOf(await subscription.ToArrayAsync()).Should().Equal("a" + new string('x', 100));
    }

    [Fact]
    public async Task CopyToAsync_SameKey_WritesTheLatest()
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

    private static string? FirstLetter(SseItem<string> item) => item.Data[..1];

    private static Subscription<string> Subscribe(Publisher<string> publisher, string properties = "") =>
        publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = FirstLetter, Properties = properties });

    private static int[] Publish(Publisher<string> publisher, params string[] data) => [.. data.Select(one => publisher.Publish(one))];

    private static string Text(string data) => $"data: {data}\n\n";

    private static async Task<List<SseItem<string>>> ReadAsync(Subscription<string> subscription, int count)
    {
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        var items = new List<SseItem<string>>();
        for (var i = 0; i < count; i++)
            items.Add(await reader.NextAsync());
        return items;
    }
}
