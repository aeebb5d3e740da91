using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests that a client which reconnects gets the events that it missed, or is known to have a gap.</summary>
public sealed class ResumeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    public ResumeTests() => _publisher = NewPublisher(capacity: 3);

    [Fact]
    public async Task Resume_KnownId_ReplaysMissedEventsBeforeNewEvents()
    {
        var seen = await PublishAndGetIdAsync("1");
        Publish("2", "3");

        var resumed = Resume(seen);
        Publish("4");

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        var read = await ReadAsync(resumed);
        read[0].Should().Be($"id: {seen}\n");
        Frames.DataOf(read.Skip(1)).Should().Equal("2", "3", "4");
    }

    [Fact]
    public async Task Resume_NothingMissed_SendsOnlyTheLastEventId()
    {
        var resumed = Resume(await PublishAndGetIdAsync("1"));

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await ReadAsync(resumed)).Should().HaveCount(1);
    }

    [Theory]
    [InlineData(3, ResumeResult.Resumed)]
    [InlineData(4, ResumeResult.Gap)]
    public async Task Resume_MissedAtLeastTheCapacity_IsAGapOnlyAboveTheCapacity(int missed, ResumeResult expected)
    {
        var seen = await PublishAndGetIdAsync("0");
        var firstOwnId = "own 0";
        _publisher.Publish(new SseItem<string>("0") { EventId = firstOwnId }, "own ids");
        for (var i = 1; i <= missed; i++)
        {
            Publish($"{i}");
            _publisher.Publish(new SseItem<string>($"{i}") { EventId = $"own {i}" }, "own ids");
        }

        Resume(seen).Resume.Should().Be(expected);
        Resume(firstOwnId, "own ids").Resume.Should().Be(expected);
    }

    [Fact]
    public async Task Resume_AnotherChannelIsBusy_KeepsTheHistoryOfTheIdleChannel()
    {
        var seen = await PublishAndGetIdAsync("1");
        Publish("2");
        for (var i = 0; i < 100; i++)
            _publisher.Publish("noise", "busy");

        Frames.DataOf((await ReadAsync(Resume(seen))).Skip(1)).Should().Equal("2");
        Resume(seen, ["room", "busy"]).Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_SeveralChannels_ReplaysEachEventOnceInOrder()
    {
        var seen = await PublishAndGetIdAsync("1");
        _publisher.Publish("2", "b");
        _publisher.Publish("3", ["room", "b", "room"]);
        _publisher.Publish("not for this subscriber", "c");
        Publish("4");

        Frames.DataOf((await ReadAsync(Resume(seen, ["b", "room", "b"]))).Skip(1)).Should().Equal("2", "3", "4");
    }

    [Fact]
    public async Task Resume_ManyChannelsInRandomOrder_ReplaysEachEventOnceInOrder()
    {
        const int events = 1_000;
        var random = new Random(1);
        string[] channels = [.. Enumerable.Range(0, 9).Select(i => $"{i}")];
        using var publisher = NewPublisher(capacity: events);
        publisher.Publish(new SseItem<string>("seen") { EventId = "seen" }, "0");
        string[] data = [.. Enumerable.Range(0, events).Select(i => $"event {i}")];
        foreach (var text in data)
            publisher.Publish(text, [channels[random.Next(channels.Length)], channels[random.Next(channels.Length)]]);

        var resumed = publisher.Subscribe(new SubscribeOptions<string> { Channels = channels, LastEventId = "seen" });
        publisher.Close();

        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal(data);
    }

    [Fact]
    public async Task Resume_ChannelHadNoSubscribers_ReplaysMissedEvents()
    {
        var seen = await PublishAndGetIdAsync("1");
        _publisher.GetSubscribers("room").Should().BeEmpty();
        Publish("2");

        Frames.DataOf((await ReadAsync(Resume(seen))).Skip(1)).Should().Equal("2");
    }

    [Fact]
    public async Task Resume_RestartedServer_IsAGap()
    {
        var seen = await PublishAndGetIdAsync("1");
        var restarted = NewPublisher(capacity: 3);
        restarted.Publish("1", "room");
        restarted.Publish("2", "room");

        Resume(seen, publisher: restarted).Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_MissedEventTooOld_IsAGap()
    {
        var seen = await PublishAndGetIdAsync("1");
        Publish("2");
        _time.Advance(Hour);
        Resume(seen).Resume.Should().Be(ResumeResult.Resumed);

        _time.Advance(TimeSpan.FromTicks(1));

        Resume(seen).Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_EvictedChannel_IsAGap()
    {
        var seen = await PublishAndGetIdAsync("1");
        Publish("2");
        _time.Advance(2 * Hour);
        _publisher.Publish("later", "elsewhere");

        Resume(seen).Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_IdleButSubscribedChannel_Resumes()
    {
        using var listener = _publisher.Subscribe("room");
        Publish("1");
        var seen = Frames.IdOf(await listener.GetAsyncEnumerator().NextAsync());
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(Hour);
            _publisher.Publish("noise", "elsewhere");
        }

        Resume(seen).Resume.Should().Be(ResumeResult.Resumed, "the channel got no event after the last event id");
    }

    [Fact]
    public async Task Resume_ChannelWithoutEvents_ResumesAfterOthersAreEvicted()
    {
        using var listener = _publisher.Subscribe(["room", "own"]);
        Publish("1");
        var seen = Frames.IdOf(await listener.GetAsyncEnumerator().NextAsync());
        _publisher.Publish("noise", "elsewhere");
        _time.Advance(2 * Hour);
        _publisher.Publish("noise", "somewhere");

        Resume(seen, ["room", "own"]).Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public async Task Resume_OwnIds_KeepsAndFindsThem()
    {
        var subscription = _publisher.Subscribe("room");
        foreach (var number in new[] { "41", "42", "43" })
            _publisher.Publish(new SseItem<string>(number) { EventId = number }, "room");

        (await ReadAsync(subscription)).Should().Equal("data: 41\nid: 41\n\n", "data: 42\nid: 42\n\n", "data: 43\nid: 43\n\n");
        Frames.DataOf((await ReadAsync(Resume("42"))).Skip(1)).Should().Equal("43");
        Resume("42", "another").Resume.Should().Be(ResumeResult.Gap, "an id is looked up only in the subscriber's channels");
    }

    [Fact]
    public void Resume_OwnIdOfTwoEventsInItsChannels_IsAGap()
    {
        _publisher.Publish(new SseItem<string>("a") { EventId = "7" }, "room");
        _publisher.Publish(new SseItem<string>("b") { EventId = "7" }, "room");
        Resume("7").Resume.Should().Be(ResumeResult.Gap);

        _publisher.Publish(new SseItem<string>("a") { EventId = "8" }, "room");
        _publisher.Publish(new SseItem<string>("b") { EventId = "8" }, "other");
        Resume("8").Resume.Should().Be(ResumeResult.Resumed);
        Resume("8", ["room", "other"]).Resume.Should().Be(ResumeResult.Gap);

        Publish("c", "d", "e");
        Resume("7").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_PersonalizedEvents_AreMadeForTheNewSubscriber()
    {
        var ann = _publisher.Subscribe("room", "ann");
        Publish("1");
        var seen = Frames.IdOf((await ReadAsync(ann))[0]);
        _publisher.Publish(name => $"for {name}", "room");
        _publisher.Publish(name => name == "eve" ? null : "not for eve", "room");

        Frames.DataOf((await ReadAsync(Resume(seen, properties: "ann"))).Skip(1)).Should().Equal("for ann", "not for eve");
        Frames.DataOf((await ReadAsync(Resume(seen, properties: "eve"))).Skip(1)).Should().Equal("for eve");
    }

    [Fact]
    public async Task Resume_FunctionThrowsDuringReplay_IsAGapAndReplaysTheOtherEvents()
    {
        var seen = await PublishAndGetIdAsync("1");
        Publish("healthy");
        _publisher.Publish(name => name == "ann" ? throw new FormatException() : "x", "room");
        _publisher.Publish(name => $"for {name}", "room");

        var resumed = Resume(seen, properties: "ann");

        resumed.Resume.Should().Be(ResumeResult.Gap);
        Frames.DataOf(await ReadAsync(resumed)).Should().Equal("initial", "healthy", "for ann");
    }

    [Fact]
    public async Task InitialData_AnyResumeResult_IsSentUnlessResumed()
    {
        var seen = await PublishAndGetIdAsync("1");

        Frames.DataOf(await ReadAsync(Resume(null))).Should().Equal("initial");
        Frames.DataOf(await ReadAsync(Resume(""))).Should().Equal("initial");
        Frames.DataOf(await ReadAsync(Resume("unknown"))).Should().Equal("initial");
        (await ReadAsync(Resume(seen))).Should().Equal($"id: {seen}\n");
        Resume(null).Resume.Should().Be(ResumeResult.NotRequested);
        Resume("").Resume.Should().Be(ResumeResult.NotRequested);
        Resume("unknown").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_TextsThatAreNoIds_AreGaps()
    {
        var seen = await PublishAndGetIdAsync("1");
        string[] invalid =
        [
            seen + "\0", seen + "\n", "\0" + seen, $"{seen}\nid: {seen}", seen + new string('x', 10_000_000),
            "\0", "\ud800", "\u0661", "*", "-1", "+1", "0", "1", "01", "0x1", long.MaxValue.ToString(CultureInfo.InvariantCulture),
            "9999999999999999999999", new string('1', 1_000_000), new string('x', 10_000_000),
        ];

        foreach (var id in invalid)
            Resume(id).Resume.Should().Be(ResumeResult.Gap, "{0} is not a known id", id.Length > 50 ? "the long id" : id);
    }

    [Fact]
    public async Task Resume_ReplayLargerThanTheQueue_DoesNotOverflow()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 1_002, QueueCapacity = 2 });
        var first = publisher.Subscribe("room");
        publisher.Publish("0", "room");
        var seen = Frames.IdOf(await first.GetAsyncEnumerator().NextAsync());
        for (var i = 1; i <= 1_000; i++)
            publisher.Publish($"{i}", "room");

        var resumed = Resume(seen, publisher: publisher);
        publisher.Publish("1001", "room");
        publisher.Publish("1002", "room");

        resumed.EndReason.Should().BeNull();
        Frames.DataOf((await ReadAsync(resumed)).Skip(1)).Should().Equal(Enumerable.Range(1, 1_002).Select(i => $"{i}"));
    }

    [Fact]
    public async Task AsItems_WithHistory_GivesTheIds()
    {
        var subscription = _publisher.Subscribe("room");
        Publish("1");
        _publisher.Publish(new SseItem<string>("2", "kind") { EventId = "own" }, "room");
        _publisher.Close();

        var items = await subscription.AsItems().ToArrayAsync();

        items.Select(item => item.Data).Should().Equal("1", "2");
        Resume(items[0].EventId).Resume.Should().Be(ResumeResult.Resumed);
        items[1].EventId.Should().Be("own");
        items[1].EventType.Should().Be("kind");
    }

    [Fact]
    public async Task Resume_NoHistory_IsAGapAndEventsHaveNoIds()
    {
        var publisher = new Publisher<string>();
        var subscription = publisher.Subscribe("room");
        publisher.Publish("1", "room");

        Resume("anything", publisher: publisher).Resume.Should().Be(ResumeResult.Gap);
        (await subscription.GetAsyncEnumerator().NextAsync()).Should().Be("data: 1\n\n");
    }

    [Fact]
    public async Task Resume_MissedComment_IsNotReplayed()
    {
        var seen = await PublishAndGetIdAsync("1");
        _publisher.PublishComment("here", "room");

        (await ReadAsync(Resume(seen))).Should().HaveCount(1);
    }

    private Publisher<string> NewPublisher(int capacity) =>
        new(new PublisherOptions { HistoryCapacity = capacity, HistoryMaxAge = Hour, TimeProvider = _time });

    private void Publish(params string[] data)
    {
        foreach (var text in data)
            _publisher.Publish(text, "room");
    }

    /// <summary>Publishes an event, and returns its id as a subscriber reads it.</summary>
    private async Task<string> PublishAndGetIdAsync(string data)
    {
        using var subscription = _publisher.Subscribe("room");
        Publish(data);
        return Frames.IdOf(await subscription.GetAsyncEnumerator().NextAsync());
    }

    private Subscription<string> Resume(
        string? lastEventId, ChannelNames? channels = null, string properties = "anyone", Publisher<string>? publisher = null) =>
        (publisher ?? _publisher).Subscribe(new SubscribeOptions<string>
        {
            Channels = channels ?? "room",
            Properties = properties,
            InitialData = [new SseItem<string>("initial")],
            LastEventId = lastEventId,
        });

    private static async Task<string[]> ReadAsync(Subscription<string> subscription)
    {
        subscription.Close();
        return await subscription.ToArrayAsync();
    }
}
