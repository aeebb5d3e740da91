using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests ids that the application sets: forwarded ones, and ones that are used twice. A client that resumes from one gets
/// exactly the events that it missed, or a gap.
/// </summary>
public sealed partial class OwnIdTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    public OwnIdTests() => _publisher = new(new PublisherOptions { HistoryCapacity = 3, TimeProvider = _time });

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Resume_ItemWasForwardedToAnotherChannel_ReplaysExactlyTheMissedEvents(bool isPersonalized, bool isConflated)
    {
        var raw = await PublishAndGetItemAsync("raw 1", "raw");
        // The function reads the event before it has its place, and all subscribers share the event.
        if (isConflated)
            _publisher.Subscribe(new SubscribeOptions<string> { Channels = "cooked", ConflationKey = item => item.EventId });
        var cooked = _publisher.Subscribe("cooked");
        Publish("raw", "raw 2", "raw 3");
        if (isPersonalized)
            _publisher.Publish(_ => raw, "cooked");
        else
            _publisher.Publish(raw, "cooked");
        Publish("raw", "raw 4");

        var forwarded = (await ReadItemsAsync(cooked))[0];
        forwarded.EventId.Should().NotBe(raw.EventId, "the forwarded event is another event");
        Data(await ResumeAndReadAsync(raw.EventId!, ["raw", "cooked"])).Should().Equal("raw 2", "raw 3", "raw 1", "raw 4");
        Data(await ResumeAndReadAsync(forwarded.EventId!, ["raw", "cooked"])).Should().Equal("raw 4");
        Data(await ResumeAndReadAsync(forwarded.EventId!, "cooked")).Should().BeEmpty();
    }

    [Fact]
    public async Task Resume_ItemWasForwardedAsInitialData_ReplaysFromTheBeginningOfTheSubscription()
    {
        var item = await PublishAndGetItemAsync("1", "raw");
        Publish("raw", "2");
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { Channels = "raw", InitialData = [item] });
        Publish("raw", "3");

        var initial = (await ReadItemsAsync(subscription))[0];

        initial.EventId.Should().NotBe(item.EventId);
        Data(await ResumeAndReadAsync(initial.EventId!, "raw")).Should().Equal("3");
    }

    [Fact]
    public async Task Subscribe_InitialDataBeginsWithAForwardedItem_OnlyTheLastEventHasAnId()
    {
        var item = await PublishAndGetItemAsync("1", "raw");
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            Channels = "raw",
            InitialData = [item, new("own") { EventId = "own" }, new("state")],
        });

        var items = await ReadItemsAsync(subscription);

        items.Select(each => each.EventId is null or "own" ? each.EventId : "generated")
            .Should().Equal([null, "own", "generated"], "a client that leaves after the first event must not lose the others");
    }

    [Fact]
    public async Task Resume_ItemOfAnotherPublisherWasForwarded_KeepsItsId()
    {
        var item = await PublishAndGetItemAsync("1", "raw");
        var other = new Publisher<string>(new PublisherOptions { HistoryCapacity = 3 });
        var subscription = other.Subscribe("room");

        other.Publish(item, "room");

        (await ReadItemsAsync(subscription))[0].EventId.Should().Be(item.EventId);
        Resume(item.EventId!, "room", other).Resume.Should().Be(ResumeResult.Resumed);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void Resume_TwoChannelsUseOneIdAndTheOlderEventIsEvicted_IsAGap(int later)
    {
        PublishOwn("a", "1");
        PublishOwn("a", [.. Enumerable.Range(2, later).Select(i => $"{i}")]);
        PublishOwn("b", "1");
        PublishOwn("a", $"{later + 2}");

        Resume("1", ["a", "b"]).Resume.Should().Be(ResumeResult.Gap);
        Resume("1", ["b", "a"]).Resume.Should().Be(ResumeResult.Gap);
        Resume("1", "b").Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public void Resume_TwoChannelsUseOneIdAndOneChannelHasExpired_IsAGap()
    {
        PublishOwn("a", "1");
        _time.Advance(TimeSpan.FromHours(2));
        PublishOwn("b", "1");

        Resume("1", ["a", "b"]).Resume.Should().Be(ResumeResult.Gap);
        Resume("1", "b").Resume.Should().Be(ResumeResult.Resumed);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void Resume_IdIsUsedAgain_IsAGapAlsoAfterEviction(int between)
    {
        PublishOwn("room", "7");
        PublishOwn("room", [.. Enumerable.Range(100, between).Select(i => $"{i}")]);
        PublishOwn("room", "7", "8");

        Resume("7", "room").Resume.Should().Be(ResumeResult.Gap);
        Resume("8", "room").Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public void Resume_IdIsUsedAgainAndTheNewestEvictedEventHasIt_IsAGap()
    {
        PublishOwn("room", "7", "1", "7", "2", "3", "4");

        Resume("7", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public void Resume_IdIsUsedAgainAfterTheFirstEventExpired_IsAGap()
    {
        PublishOwn("room", "7");
        _time.Advance(TimeSpan.FromHours(2));
        PublishOwn("room", "7", "8");

        Resume("7", "room").Resume.Should().Be(ResumeResult.Gap);
        Resume("8", "room").Resume.Should().Be(ResumeResult.Resumed);
    }

    /// <summary>Tests the documented bound: the publisher remembers the last 65,536 own ids that were evicted.</summary>
    [Theory]
    [InlineData(1, 65_537, ResumeResult.Gap)]
    [InlineData(1, 65_538, ResumeResult.Resumed)]
    [InlineData(2, 65_537, ResumeResult.Gap)]
    [InlineData(2, 65_538, ResumeResult.Resumed)]
    public void Resume_IdIsUsedAgainAfterManyOthers_IsAGapWhileItIsRemembered(int uses, int others, ResumeResult expected)
    {
        for (var use = 0; use < uses; use++)
            PublishOwn("room", "7", $"a{use}", $"b{use}", $"c{use}");
        // All but the three newest are evicted.
        PublishOwn("busy", [.. Enumerable.Range(0, others).Select(i => $"other {i}")]);

        // This evicts one more.
        PublishOwn("room", "7");

        Resume("7", "room").Resume.Should().Be(expected);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Resume_OnlyOneChannelHasTheId_ReplaysTheMissedEventsOfBoth(string channel)
    {
        PublishOwn(channel, "1");
        PublishOwn("a", "2");
        PublishOwn("b", "3");

        Data(await ResumeAndReadAsync("1", ["a", "b"])).Should().Equal("2", "3");
    }

    [Fact]
    public async Task Resume_IdIsAsLongAsIdsCanBe_ReplaysTheMissedEvents()
    {
        var id = new string('x', 1_000);
        PublishOwn("room", id, "2");

        Data(await ResumeAndReadAsync(id, "room")).Should().Equal("2");
    }

    [Fact]
    public async Task Resume_UniqueIdsAfterManyEvictions_ReplaysTheMissedEvents()
    {
        PublishOwn("room", [.. Enumerable.Range(1, 100).Select(i => $"{i}")]);

        Data(await ResumeAndReadAsync("100", "room")).Should().BeEmpty();
        Data(await ResumeAndReadAsync("98", "room")).Should().Equal("99", "100");
        Data(await ResumeAndReadAsync("97", "room")).Should().Equal(["98", "99", "100"], "97 is the newest evicted event");
        Resume("96", "room").Resume.Should().Be(ResumeResult.Gap);
        Resume("101", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_OneEventHasItsOwnIdInTwoChannels_ReplaysTheMissedEvents()
    {
        PublishOwn(["a", "b"], "1");
        PublishOwn("b", "2");

        Data(await ResumeAndReadAsync("1", ["a", "b"])).Should().Equal("2");
    }

    private void Publish(ChannelNames channels, params string[] data)
    {
        foreach (var text in data)
            _publisher.Publish(text, channels);
    }

    private void PublishOwn(ChannelNames channels, params string[] ids)
    {
        foreach (var id in ids)
            _publisher.Publish(new SseItem<string>(id) { EventId = id }, channels);
    }

    private async Task<SseItem<string>> PublishAndGetItemAsync(string data, string channel)
    {
        var subscription = _publisher.Subscribe(channel);
        _publisher.Publish(data, channel);
        return (await ReadItemsAsync(subscription))[0];
    }

    private static async Task<SseItem<string>[]> ReadItemsAsync(Subscription<string> subscription)
    {
        subscription.Close();
        return await subscription.AsItems().ToArrayAsync();
    }

    private Subscription<string> Resume(
        string lastEventId, ChannelNames channels, Publisher<string>? publisher = null, string name = "resumed") =>
        (publisher ?? _publisher).Subscribe(
            new SubscribeOptions<string> { Channels = channels, LastEventId = lastEventId, Properties = name });

    private async Task<SseItem<string>[]> ResumeAndReadAsync(string lastEventId, ChannelNames channels, string name = "resumed")
    {
        var resumed = Resume(lastEventId, channels, name: name);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        return await ReadItemsAsync(resumed);
    }

    private static IEnumerable<string> Data(IEnumerable<SseItem<string>> items) => items.Select(item => item.Data);
}
