namespace ServerSentEvents.Tests;

/// <summary>Tests replays that are read while the history goes on.</summary>
public sealed class ReplayTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("publish")]
    [InlineData("age")]
    [InlineData("bytes")]
    public async Task Replay_EntryEvictedBeforeItsTurn_EndsAsOverflowedAndTheNextAttemptIsAGap(string eviction)
    {
        var publisher = NewPublisher(capacity: 4);
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, "1", "2", "3", "4");
        var resumed = Resume(publisher, seen);
        await using var reader = resumed.GetAsyncEnumerator();
        await reader.NextAsync();
        var first = await reader.NextAsync();
        first.Should().StartWith("data: 1\n");

        Evict(publisher, eviction);

        resumed.EndReason.Should().BeNull();
        await reader.ShouldEndAsync();
        resumed.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        resumed.QueuedEvents.Should().Be(0, "a live event must not come after a hole");
        publisher.GetSubscribers("a").Should().BeEmpty();
        Resume(publisher, Frames.IdOf(first)).Resume.Should().Be(ResumeResult.Gap);
    }

    [Theory]
    [InlineData("publish")]
    [InlineData("age")]
    [InlineData("bytes")]
    public async Task Replay_CopiedAndEntryEvictedBeforeItsTurn_EndsAsOverflowedAndTheNextAttemptIsAGap(string eviction)
    {
        var publisher = NewPublisher(capacity: 4);
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, [.. Enumerable.Repeat(new string('x', 100_000), 4)]);
        var resumed = Resume(publisher, seen);
        var client = new SlowClient(resumed);
        await client.WaitAsync();

        Evict(publisher, eviction);
        client.Take();
        await client.TakeAllAsync();

        await client.Copy.WaitAsync(Limits.Patience);
        resumed.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        client.Taken.Split("data: ").Should().HaveCount(2, "the event that was being written is the last one");
        client.Taken.Should().EndWith("\n\n");
        Resume(publisher, Frames.IdsOf(client.Taken).Last())
            .Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Replay_EntryEvictedAfterItsTurn_GoesOnWithLiveEvents()
    {
        var publisher = NewPublisher(capacity: 4);
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, "1", "2", "3", "4");
        var resumed = Resume(publisher, seen);
        await using var reader = resumed.AsItems().GetAsyncEnumerator();

        for (var i = 1; i <= 50; i++)
        {
            (await reader.NextAsync()).Data.Should().Be($"{i}");
            // The oldest entry of the history is the next one to read.
            Publish(publisher, $"{i + 4}");
        }

        resumed.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task Replay_ManyEventsOfSeveralChannels_DeliversEachOnceInOrder()
    {
        string[] channels = ["a", "b", "c", "d"];
        var publisher = NewPublisher(capacity: 10_000);
        var seen = await PublishFirstAsync(publisher);
        for (var i = 0; i < 6_000; i++)
        {
            // Each event goes to one, two or three channels, and sometimes to one that is not asked for.
            publisher.Publish($"{i}", i % 7 == 0 ? ["other"] : [channels[i % 4], channels[i / 3 % 4], channels[i / 5 % 4]]);
        }

        var resumed = Resume(publisher, seen, ["d", "b", "a", "c", "a"]);
        publisher.Publish("live", channels);
        resumed.Close();

        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data)
            .Should().Equal([.. Enumerable.Range(0, 6_000).Where(i => i % 7 != 0).Select(i => $"{i}"), "live"]);
    }

    [Fact]
    public async Task QueuedEvents_DuringAReplay_FallsByOneForEachEvent()
    {
        var publisher = NewPublisher(capacity: 100);
        var seen = await PublishFirstAsync(publisher);
        for (var i = 0; i < 50; i++)
            publisher.Publish($"{i}", ["a", "b"]);
        var resumed = Resume(publisher, seen, ["a", "b"]);
        publisher.Publish("live", "b");
        await using var reader = resumed.GetAsyncEnumerator();

        for (var left = 52; left > 0; left--)
        {
            resumed.QueuedEvents.Should().Be(left);
            await reader.NextAsync();
        }

        resumed.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public async Task QueuedEvents_EvictedDuringAReplay_CountsNothingThatIsLost()
    {
        var publisher = NewPublisher(capacity: 4);
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, "1", "2", "3", "4");
        var resumed = Resume(publisher, seen);
        resumed.QueuedEvents.Should().Be(5);

        Evict(publisher, "age");

        resumed.QueuedEvents.Should().Be(2, "the line of the id and a live event are left");
    }

    [Fact]
    public async Task Heartbeat_ReplayIsUnread_IsNotSent()
    {
        var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = 10,
            HeartbeatInterval = TimeSpan.FromSeconds(15),
            TimeProvider = _time,
        });
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, "1", "2");
        var resumed = Resume(publisher, seen);

        _time.Advance(TimeSpan.FromMinutes(1));

        resumed.QueuedEvents.Should().Be(3);
    }

    [Fact]
    public async Task Close_ReplayIsUnread_IsDeliveredWithinTheLingerTimeout()
    {
        var publisher = NewPublisher(capacity: 10);
        var seen = await PublishFirstAsync(publisher);
        Publish(publisher, "1", "2");
        var read = Resume(publisher, seen);
        var unread = Resume(publisher, seen);

        publisher.Close();
        (await read.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("1", "2");
        for (var i = 0; i < 5; i++)
            _time.Advance(TimeSpan.FromSeconds(7.5));

        await Limits.UntilAsync(() => unread.QueuedEvents == 0);
        unread.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    private Publisher NewPublisher(int capacity) => new(new PublisherOptions
    {
        HistoryCapacity = capacity,
        HistoryCapacityBytes = 1_000_000,
        HistoryMaxAge = TimeSpan.FromMinutes(5),
        TimeProvider = _time,
    });

    /// <summary>Publishes an event to all channels of the tests. Returns its id.</summary>
    private static async Task<string> PublishFirstAsync(Publisher publisher)
    {
        using var subscription = publisher.Subscribe("a");
        publisher.Publish("first", ["a", "b", "c", "d"]);
        return (await subscription.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
    }

    private static void Publish(Publisher publisher, params string[] data)
    {
        foreach (var text in data)
            publisher.Publish(text, "a");
    }

    /// <summary>Evicts all events that were published before.</summary>
    private void Evict(Publisher publisher, string eviction)
    {
        if (eviction == "publish")
        {
            Publish(publisher, "5", "6", "7", "8");
            return;
        }

        if (eviction == "bytes")
        {
            publisher.Publish(new string('x', 2_000_000), "elsewhere");
            Publish(publisher, "5");
            return;
        }

        for (var i = 0; i < 13; i++)
            _time.Advance(TimeSpan.FromSeconds(30));
        Publish(publisher, "5");
    }

    private static Subscription<object?> Resume(Publisher publisher, string lastEventId, ChannelNames? channels = null) =>
        publisher.Subscribe(new SubscribeOptions<object?> { Channels = channels ?? "a", LastEventId = lastEventId });
}
