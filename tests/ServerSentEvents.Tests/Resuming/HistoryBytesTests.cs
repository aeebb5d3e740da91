using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>Tests <see cref="PublisherOptions.HistoryCapacityBytes"/>.</summary>
public sealed class HistoryBytesTests
{
    /// <summary>The size of each framed event with its generated id.</summary>
    private const int EventBytes = 100;

    /// <summary>Data that makes a framed event of <see cref="EventBytes"/>.</summary>
    private static readonly string Data = new('x', EventBytes - "data: \nid: \n\n".Length - 23);

    [Fact]
    public async Task Publish_HistoryIsFull_EvictsTheOldestEvent()
    {
        var publisher = NewPublisher(events: 3);
        var start = await PositionAsync(publisher);
        Publish(publisher, "a");
        var first = await PositionAsync(publisher);
        Publish(publisher, "a", "a");
        (await ReplayedAsync(publisher, start, "a")).Should().Be(3, "the bound is not exceeded yet");

        publisher.Publish("", "a");

        (await ReplayedAsync(publisher, start, "a")).Should().Be(null);
        (await ReplayedAsync(publisher, first, "a")).Should().Be(3);
    }

    [Fact]
    public async Task Publish_ManyChannels_EvictsTheOldestEventsOfAllChannelsFirst()
    {
        var publisher = NewPublisher(events: 6);
        var positions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var channel in new[] { "c", "a", "b" })
        {
            positions[channel] = await PositionAsync(publisher);
            Publish(publisher, channel);
        }

        Publish(publisher, "b", "a", "c");
        foreach (var evicted in new[] { "c", "a", "b" })
        {
            (await ReplayedAsync(publisher, positions[evicted], evicted)).Should().NotBeNull();
            Publish(publisher, "d");
            (await ReplayedAsync(publisher, positions[evicted], evicted)).Should().BeNull("{0} has the oldest event", evicted);
        }
    }

    [Fact]
    public async Task Publish_ChannelEvictsForItsCapacity_KeepsTheOrderOfAllChannels()
    {
        var publisher = NewPublisher(events: 4, capacity: 2);
        Publish(publisher, "busy", "busy");
        var quiet = await PositionAsync(publisher);
        Publish(publisher, "quiet");
        var busy = await PositionAsync(publisher);
        Publish(publisher, "busy", "busy");

        Publish(publisher, "a", "b");

        (await ReplayedAsync(publisher, quiet, "quiet")).Should().BeNull("its event is older than those that are left of the busy channel");
        (await ReplayedAsync(publisher, busy, "busy")).Should().Be(2);
    }

    [Fact]
    public async Task Publish_EventOfSeveralChannels_CountsOnce()
    {
        var publisher = NewPublisher(events: 5);
        var start = await PositionAsync(publisher);

        for (var i = 0; i < 5; i++)
            publisher.Publish(Data, ["a", "b", "c", "a"]);

        (await ReplayedAsync(publisher, start, ["a", "b", "c"])).Should().Be(5);
        publisher.Publish(Data, ["a", "b"]);
        (await ReplayedAsync(publisher, start, "a")).Should().BeNull();
        (await ReplayedAsync(publisher, start, "b")).Should().BeNull();
        (await ReplayedAsync(publisher, start, "c")).Should().BeNull("an event leaves all its channels");
    }

    [Fact]
    public async Task Publish_EventHasLeftOneOfItsChannels_StillCounts()
    {
        var publisher = NewPublisher(events: 2, capacity: 1);
        var start = await PositionAsync(publisher);
        publisher.Publish(Data, ["a", "b"]);
        Publish(publisher, "a", "a", "a");
        (await ReplayedAsync(publisher, start, "b")).Should().Be(1);

        Publish(publisher, "c");

        (await ReplayedAsync(publisher, start, "b")).Should().BeNull();
    }

    [Fact]
    public async Task Publish_EventHasLeftItsChannelsForTheirCapacity_NoLongerCounts()
    {
        var publisher = NewPublisher(events: 3, capacity: 1);
        var start = await PositionAsync(publisher, "quiet");
        Publish(publisher, "quiet");

        for (var i = 0; i < 100; i++)
            publisher.Publish(Data, ["a", "b"]);

        (await ReplayedAsync(publisher, start, "quiet")).Should().Be(1);
    }

    [Fact]
    public async Task Publish_PersonalizedEvents_CountAsNothing()
    {
        var publisher = NewPublisher(bytes: 1);
        var start = await PositionAsync(publisher);

        for (var i = 0; i < 100; i++)
            publisher.Publish(_ => Data, "a");

        (await ReplayedAsync(publisher, start, "a")).Should().Be(100);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("7")]
    public async Task Publish_EventLargerThanTheBound_IsDeliveredAndLeavesTheHistoryAtOnce(string? ownId)
    {
        var publisher = NewPublisher(events: 5);
        var live = publisher.Subscribe("a");
        var start = await PositionAsync(publisher);
        Publish(publisher, "a", "a");

        publisher.Publish(new SseItem<string>(new string('y', 5 * EventBytes)) { EventId = ownId }, "a").Should().Be(1);

        live.QueuedEvents.Should().Be(3);
        var last = ownId ?? await PositionAsync(publisher);
        (await ReplayedAsync(publisher, start, "a")).Should().BeNull();
        (await ReplayedAsync(publisher, last, "a")).Should().Be(0);
        Publish(publisher, "a");
        (await ReplayedAsync(publisher, start, "a")).Should().BeNull();
        (await ReplayedAsync(publisher, last, "a")).Should().Be(1);
    }

    [Fact]
    public async Task Resume_AllEventsOfItsChannelEvicted_ResumesFromTheLastOneOrLater()
    {
        var publisher = NewPublisher(events: 1);
        Publish(publisher, "room");
        var beforeLast = await PositionAsync(publisher);
        Publish(publisher, "room");
        var last = await PositionAsync(publisher);
        Publish(publisher, "elsewhere");
        var later = await PositionAsync(publisher);

        (await ReplayedAsync(publisher, beforeLast, "room")).Should().BeNull();
        (await ReplayedAsync(publisher, last, "room")).Should().Be(0);
        (await ReplayedAsync(publisher, later, "room")).Should().Be(0);
    }

    [Theory]
    [InlineData("1", null)]
    [InlineData("2", 0)]
    [InlineData("unknown", null)]
    public async Task Resume_OwnIdsOfASubscribedChannelEvicted_ResumesFromTheLastOne(string lastEventId, int? replayed)
    {
        var publisher = NewPublisher(events: 1);
        using var subscriber = publisher.Subscribe("room");
        foreach (var id in new[] { "1", "2" })
            publisher.Publish(new SseItem<string>("x") { EventId = id }, "room");

        Publish(publisher, "elsewhere");

        (await ReplayedAsync(publisher, lastEventId, "room")).Should().Be(replayed);
        publisher.Publish(new SseItem<string>("x") { EventId = lastEventId }, "room");
        (await ReplayedAsync(publisher, lastEventId, "room"))
            .Should().Be(lastEventId == "unknown" ? 0 : null, "an id of two events names no position");
    }

    [Fact]
    public async Task Resume_OwnIdOfAnotherChannelEvicted_IsAGap()
    {
        var publisher = NewPublisher(events: 1);
        using var subscriber = publisher.Subscribe(["room", "other"]);
        publisher.Publish(new SseItem<string>("x") { EventId = "1" }, "room");

        Publish(publisher, "elsewhere");

        (await ReplayedAsync(publisher, "1", "other")).Should().BeNull();
        (await ReplayedAsync(publisher, "1", "room")).Should().Be(0);
    }

    [Fact]
    public async Task Publish_EvictsThousandsOfEventsAndChannels_EvictsThemBeforeItReturns()
    {
        // One step under the lock evicts at most 1,024 events.
        var publisher = NewPublisher(events: 2, capacity: 10_000);
        var start = await PositionAsync(publisher, "last");
        var evicted = PublishPersonalized(publisher, 3_000, "large");
        for (var i = 0; i < 3_000; i++)
            evicted.AddRange(PublishPersonalized(publisher, 1, $"own {i}"));
        Publish(publisher, "first", "last");

        Publish(publisher, "last");

        await evicted.ShouldBecomeGarbageAsync();
        (await ReplayedAsync(publisher, start, "last")).Should().Be(2);
    }

    private static Publisher NewPublisher(int? events = null, long? bytes = null, int capacity = 100) => new(new PublisherOptions
    {
        HistoryCapacity = capacity,
        HistoryCapacityBytes = bytes ?? events!.Value * EventBytes,
        HistoryMaxAge = null,
    });

    /// <summary>Publishes an event to each of the channels.</summary>
    private static void Publish(Publisher publisher, params string[] channels)
    {
        foreach (var channel in channels)
            publisher.Publish(Data, channel);
    }

    /// <summary>Publishes events, and returns a reference to something that lives as long as each of them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> PublishPersonalized(Publisher publisher, int count, string channel)
    {
        var references = new List<WeakReference>();
        for (var i = 0; i < count; i++)
        {
            var state = new object();
            publisher.Publish(_ => $"{state.GetHashCode()}", channel);
            references.Add(new WeakReference(state));
        }

        return references;
    }

    /// <summary>Returns an id from which a client resumes after the events that were published so far.</summary>
    private static async Task<string> PositionAsync(Publisher publisher, string channel = "no events")
    {
        using var subscription = publisher.Subscribe(channel, initialData: ["initial"]);
        return (await subscription.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
    }

    /// <summary>Resumes, and returns the number of replayed events; null for a gap.</summary>
    private static async Task<int?> ReplayedAsync(Publisher publisher, string lastEventId, ChannelNames channels)
    {
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { Channels = channels, LastEventId = lastEventId });
        subscription.Close();
        var replayed = (await subscription.AsItems().ToArrayAsync()).Length;
        return subscription.Resume == ResumeResult.Resumed ? replayed : null;
    }
}
