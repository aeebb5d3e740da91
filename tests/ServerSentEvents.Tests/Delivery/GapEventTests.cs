using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>Tests that a gap event shows each hole in a stream, once, at its exact place.</summary>
public sealed class GapEventTests
{
    private const string Gap = "event: gap\ndata: \n\n";

    [Fact]
    public async Task Resume_UnknownId_GapEventComesBeforeTheInitialData()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, history: 10);
        var subscription = publisher.Subscribe(
            new SubscribeOptions<string> { LastEventId = "unknown", InitialData = [new("state")] });
        publisher.Close();

        var texts = await subscription.ToArrayAsync();

        texts[0].Should().Be(GapWithId("unknown"));
        texts[1].Should().StartWith("data: state\n");
        texts.Should().HaveCount(2);
    }

    [Fact]
    public async Task Resume_WithoutAHistory_IsAGapWithItsEvent()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect);
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "1" });
        publisher.Close();

        subscription.Resume.Should().Be(ResumeResult.Gap);
        (await subscription.ToArrayAsync()).Should().Equal(GapWithId("1"));
    }

    /// <summary>Tests that the gap event does not clear the client's last event id: the next loss would not show.</summary>
    [Fact]
    public async Task Resume_ClientLeavesAfterTheGapEvent_MissesNothing()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, history: 10);
        publisher.Publish("before");
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "unknown" });
        var events = new MemoryStream();
        await using (var reader = subscription.GetAsyncEnumerator())
        {
            foreach (var text in await ReadAsync(reader, 1))
                events.Write(Encoding.UTF8.GetBytes(text));
        }

        publisher.Publish("missed");
        events.Position = 0;
        var parser = SseParser.Create(events);
        var gap = parser.Enumerate().Single();
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = parser.LastEventId });
        publisher.Close();

        gap.EventType.Should().Be("gap");
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.ToArrayAsync())[1].Should().StartWith("data: missed\n");
    }

    /// <summary>Tests the same for an application that formats the items.</summary>
    [Fact]
    public async Task Resume_ItemsAreReadUpToTheGapEvent_ItsIdMissesNothing()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, history: 10);
        publisher.Publish("before");
        SseItem<string> gap;
        await using (var reader = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "unknown" }).AsItems().GetAsyncEnumerator())
            gap = await reader.NextAsync();

        publisher.Publish("missed");
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = gap.EventId });
        publisher.Close();

        gap.EventType.Should().Be("gap");
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("missed");
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("\0")]
    [InlineData("é")]
    public async Task Resume_IdThatCannotBeSent_IsNotRepeated(string id)
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect);
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id });
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal(Gap);
    }

    [Fact]
    public async Task Resume_NothingIsMissing_NoGapEvent()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, history: 10);
        publisher.Publish(new SseItem<string>("a") { EventId = "1" });
        var fresh = publisher.Subscribe();
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "1" });
        publisher.Close();

        (await fresh.ToArrayAsync()).Should().BeEmpty();
        (await resumed.ToArrayAsync()).Should().Equal("id: 1\n");
    }

    [Fact]
    public async Task Resume_MissedPersonalizedEventThrows_GapEventComesFirst()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, history: 10);
        publisher.Publish(new SseItem<string>("seen") { EventId = "1" });
        publisher.Publish(name => name is null ? throw new FormatException() : name);
        publisher.Publish("healthy");
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "1" });
        publisher.Close();

        var texts = await subscription.ToArrayAsync();

        subscription.Resume.Should().Be(ResumeResult.Gap);
        texts.Should().HaveCount(2);
        texts[0].Should().Be(GapWithId("1"));
        texts[1].Should().StartWith("data: healthy\n");
    }

    [Fact]
    public async Task DropOldest_FullQueue_GapEventComesBeforeTheFirstEventAfterTheHole()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        var subscription = publisher.Subscribe(initialData: ["state"]);
        Publish(publisher, 1, 5);
        await using var reader = subscription.GetAsyncEnumerator();

        subscription.DroppedEvents.Should().Be(3);
        (await ReadAsync(reader, 4)).Should().Equal(Text("state"), Gap, Text("4"), Text("5"));
    }

    [Fact]
    public async Task DropOldest_DropsAfterTheGapEventWasTaken_AreANewHole()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();

        Publish(publisher, 1, 4);
        (await ReadAsync(reader, 2)).Should().Equal(Gap, Text("3"));
        Publish(publisher, 5, 6);
        (await ReadAsync(reader, 3)).Should().Equal(Gap, Text("5"), Text("6"));
        Publish(publisher, 7, 7);
        (await ReadAsync(reader, 1)).Should().Equal(Text("7"));
    }

    [Fact]
    public async Task DropNewest_FullQueue_GapEventComesAfterTheLastEventBeforeTheHole()
    {
        var publisher = NewPublisher(QueueOverflow.DropNewest);
        var subscription = publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator();

        Publish(publisher, 1, 5);
        subscription.DroppedEvents.Should().Be(3);
        subscription.QueuedEvents.Should().Be(3, "the gap event is added to a full queue");
        (await ReadAsync(reader, 1)).Should().Equal(Text("1"));
        Publish(publisher, 6, 6);
        (await ReadAsync(reader, 2)).Should().Equal(Text("2"), Gap);
        Publish(publisher, 7, 7);
        (await ReadAsync(reader, 1)).Should().Equal(Text("7"));
        subscription.DroppedEvents.Should().Be(4, "the gap event is in the queue while event 6 comes");
    }

    [Theory]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task FullQueue_CommentIsDropped_LeavesNoHole(QueueOverflow overflow)
    {
        var publisher = NewPublisher(overflow);
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();

        if (overflow == QueueOverflow.DropOldest)
            publisher.PublishComment("oldest");
        Publish(publisher, 1, 2);
        if (overflow == QueueOverflow.DropNewest)
            publisher.PublishComment("newest");

        (await ReadAsync(reader, 2)).Should().Equal(Text("1"), Text("2"));
        Publish(publisher, 3, 3);
        (await ReadAsync(reader, 1)).Should().Equal(Text("3"));
    }

    [Fact]
    public async Task DropNewest_EventsBetweenTheDrops_EachHoleHasItsGapEvent()
    {
        var publisher = NewPublisher(QueueOverflow.DropNewest);
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();

        Publish(publisher, 1, 3);
        (await ReadAsync(reader, 2)).Should().Equal(Text("1"), Text("2"));
        Publish(publisher, 4, 5);
        (await ReadAsync(reader, 3)).Should().Equal(Gap, Text("4"), Gap);
    }

    [Theory]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task QueueCapacityBytes_FullQueue_GapEventIsNotDropped(QueueOverflow overflow)
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacityBytes = 2 * Text("1").Length,
            QueueOverflow = overflow,
            GapEvent = new("", "gap"),
        });
        var subscription = publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator();

        for (var round = 0; round < 3; round++)
        {
            Publish(publisher, 1, 9);
            (await ReadAsync(reader, 3)).Should().Contain(Gap, "this is round {0}", round);
        }

        while (subscription.QueuedEvents > 0)
            await reader.NextAsync();
        subscription.QueuedBytes.Should().Be(0, "a gap event counts exactly");
    }

    [Fact]
    public async Task CopyToAsync_DropsWhileALargeEventIsBegun_CountsTheLargeEventToItsEnd()
    {
        var (publisher, subscription, client) = await BeginLargeEventAsync(400_000, length: 350_000);

        publisher.Publish(new string('y', 50_000)).Should().Be(1);
        publisher.Publish(new string('z', 350_000)).Should().Be(0, "there is no room, even without the second event");
        client.Take();
        var taking = client.TakeAllAsync();
        await Limits.UntilAsync(() => subscription.QueuedEvents == 0 && subscription.QueuedBytes == 0);
        publisher.Publish("after").Should().Be(1);
        publisher.Close();
        await taking;

        client.Taken.Should().Be(Text(new string('x', 350_000)) + Gap + Text("after"));
    }

    [Fact]
    public async Task CopyToAsync_LargeEventIsBegunAndTheNextFindsNoRoom_GapEventFollowsTheLargeEvent()
    {
        var (publisher, subscription, client) = await BeginLargeEventAsync(100_000, length: 200_000);

        publisher.Publish(new string('y', 200_000)).Should().Be(0);
        subscription.DroppedEvents.Should().Be(1);
        publisher.Close();

        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().Be(Text(new string('x', 200_000)) + Gap);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CopyToAsync_GapEventIsDroppedAndTheLargeEventEndsWithAFlush_GapEventFollowsTheLargeEvent(bool isForAComment)
    {
        // The large event fills its flushes of 64 KiB exactly, and of 8 KiB, too.
        var large = new string('x', (3 * 65_536) - Text("").Length);
        var (publisher, _, client) = await BeginLargeEventAsync(100_000, large.Length);

        publisher.Publish(new string('y', 200_000)).Should().Be(0);
        var last = new string('z', 200_000);
        (isForAComment ? publisher.PublishComment(last) : publisher.Publish(last)).Should().Be(0, "there is no room, even without the gap event");
        publisher.Close();

        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().Be(Text(large) + Gap);
    }

    [Fact]
    public async Task Items_Hole_GapEventIsAnItem()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        var subscription = publisher.Subscribe();
        Publish(publisher, 1, 3);
        publisher.Close();

        var items = await subscription.AsItems().ToArrayAsync();

        items.Select(item => item.EventType).Should().Equal("gap", "message", "message");
    }

    /// <summary>Tests the stream without its line of the id: a first item without an id would clear the client's last event id.</summary>
    [Fact]
    public async Task Items_ResumedAndHoleComesFirst_GapEventHasTheIdOfTheResume()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest, history: 10);
        var first = publisher.Subscribe();
        publisher.Publish("1");
        var id = (await first.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id });
        Publish(publisher, 2, 4);
        publisher.Close();

        var items = await resumed.AsItems().ToArrayAsync();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        items.Select(item => item.EventType).Should().Equal("gap", "message", "message");
        items[0].EventId.Should().Be(id);
        items[1].EventId.Should().NotBeNull().And.NotBe(id);
    }

    [Fact]
    public async Task DropNewest_LateSubscriberHasNoRoomForItsPersonalizedEvent_GapEventTakesItsPlace()
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacityBytes = 100,
            QueueOverflow = QueueOverflow.DropNewest,
            GapEvent = new("", "gap"),
        });
        publisher.Subscribe(properties: "first");
        Subscription<string>? late = null;
        publisher.Publish(name =>
        {
            if (late is null)
            {
                late = publisher.Subscribe(properties: "late");
                return "early";
            }

            publisher.Publish(new string('x', 80));
            return new string('y', 80);
        });
        publisher.Close();

        (await late!.ToArrayAsync()).Should().Equal(Gap, Text(new string('x', 80)));
    }

    [Fact]
    public async Task DropOldest_PlaceWithoutEventIsDropped_LeavesNoHole()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        Subscription<string>? late = null;
        publisher.Subscribe(properties: "present");
        publisher.Publish(name =>
        {
            if (name == "present")
                late = publisher.Subscribe(properties: "late");
            return name == "present" ? "personal" : null;
        });

        Publish(publisher, 1, 2);

        late!.DroppedEvents.Should().Be(0);
        await using var reader = late.GetAsyncEnumerator();
        (await ReadAsync(reader, 2)).Should().Equal(Text("1"), Text("2"));
    }

    [Fact]
    public async Task Subscription_OwnOverflow_DecidesWhetherHolesAreShown()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect);
        var dropping = publisher.Subscribe(new SubscribeOptions<string> { QueueOverflow = QueueOverflow.DropOldest });
        Publish(publisher, 1, 3);
        publisher.Close();

        (await dropping.ToArrayAsync()).Should().Equal(Gap, Text("2"), Text("3"));
    }

    [Fact]
    public async Task DropOldest_ReaderAndPublisherRace_GapEventsComeExactlyBeforeHoles()
    {
        const int events = 50_000;
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        var subscription = publisher.Subscribe();
        var publishing = OwnThread.RunAsync(() =>
        {
            Publish(publisher, 1, events);
            publisher.Close();
        });

        var last = 0;
        var hasGap = false;
        await foreach (var text in subscription)
        {
            // A hole can grow after its gap event was taken, and is then shown again.
            if (text == Gap)
            {
                hasGap = true;
                continue;
            }

            var number = int.Parse(text["data: ".Length..], CultureInfo.InvariantCulture);
            hasGap.Should().Be(number != last + 1, "event {0} comes after event {1}", number, last);
            (last, hasGap) = (number, false);
        }

        await publishing;
        last.Should().Be(events);
        subscription.DroppedEvents.Should().BePositive();
    }

    private static Publisher<string> NewPublisher(QueueOverflow overflow, int history = 0) => new(new PublisherOptions
    {
        QueueCapacity = 2,
        QueueOverflow = overflow,
        HistoryCapacity = history,
        GapEvent = new("", "gap"),
    });

    private static void Publish(Publisher<string> publisher, int first, int last)
    {
        for (var number = first; number <= last; number++)
            publisher.Publish(number.ToString(CultureInfo.InvariantCulture));
    }

    private static string GapWithId(string id) => $"event: gap\ndata: \nid: {id}\n\n";

    private static string Text(string data) => $"data: {data}\n\n";

    private static async Task<List<string>> ReadAsync(IAsyncEnumerator<string> reader, int count)
    {
        var texts = new List<string>();
        for (var i = 0; i < count; i++)
            texts.Add(await reader.NextAsync());
        return texts;
    }

    /// <summary>Publishes a large event, of which the client has taken a part.</summary>
    private static async Task<(Publisher Publisher, Subscription<object?> Subscription, SlowClient Client)> BeginLargeEventAsync(
        long queueCapacityBytes, int length)
    {
        var publisher = new Publisher(new PublisherOptions
        {
            QueueCapacityBytes = queueCapacityBytes,
            QueueOverflow = QueueOverflow.DropOldest,
            GapEvent = new("", "gap"),
        });
        var subscription = publisher.Subscribe();
        var client = new SlowClient(subscription);
        publisher.Publish(new string('x', length));
        await client.WaitAsync();
        client.Take();
        await client.WaitAsync();
        return (publisher, subscription, client);
    }
}
