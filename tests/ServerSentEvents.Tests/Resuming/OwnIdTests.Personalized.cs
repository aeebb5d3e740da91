using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <content>Ids of personalized events.</content>
public sealed partial class OwnIdTests
{
    [Theory]
    [InlineData("ann", "room")]
    [InlineData("bob", "room")]
    [InlineData("bob", "hall")]
    public void Resume_IdOfOneSubscribersPersonalizedEventIsUsedAgain_IsAGap(string id, string channel)
    {
        _publisher.Subscribe("room", "ann");
        _publisher.Subscribe("hall", "bob");
        _publisher.Subscribe("hall", "without an id");
        // The client that received this event with the id has missed the next one.
        _publisher.Publish(
            name => new SseItem<string>("x") { EventId = name == "without an id" ? null : name }, ["room", "hall"]);
        PublishOwn(channel, "missed", id, "last");

        Resume(id, channel).Resume.Should().Be(ResumeResult.Gap);
        Resume("missed", channel).Resume.Should().Be(ResumeResult.Resumed);
        Resume("last", channel).Resume.Should().Be(ResumeResult.Resumed);
    }

    [Theory]
    [InlineData("own", "room")]
    [InlineData("own", "hall")]
    [InlineData("own", null)]
    public void Resume_IdOfALateSubscribersPersonalizedEventIsUsedAgain_IsAGap(string id, string? channel)
    {
        _publisher.Subscribe("room", "first");
        _publisher.Publish(
            name =>
            {
                if (name == "first")
                    _publisher.Subscribe(["room", "hall"], "late");
                return new SseItem<string>("x") { EventId = name == "first" ? "same" : id };
            },
            ["room", "hall"]);

        AssertIsAmbiguous(id, channel);
    }

    [Theory]
    [InlineData("own", "room")]
    [InlineData("own", "hall")]
    [InlineData("own", null)]
    public async Task Resume_IdOfAReplayedPersonalizedEventIsUsedAgain_IsAGap(string id, string? channel)
    {
        PublishOwn(["room", "hall"], "seen");
        _publisher.Subscribe("room", "first");
        _publisher.Publish(
            name => new SseItem<string>("x") { EventId = name == "first" ? "same" : id }, ["room", "hall"]);
        (await ResumeAndReadAsync("seen", "room")).Select(item => item.EventId).Should().Equal(id);

        AssertIsAmbiguous(id, channel);
    }

    [Fact]
    public async Task Resume_LateSubscribersPersonalizedEventHasTheCommonId_ReplaysTheMissedEvents()
    {
        _publisher.Subscribe("room", "first");
        _publisher.Publish(
            name =>
            {
                if (name == "first")
                    _publisher.Subscribe("room", "late");
                return new SseItem<string>("x") { EventId = "same" };
            },
            "room");
        PublishOwn("room", "missed");

        Data(await ResumeAndReadAsync("same", "room")).Should().Equal("missed");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Resume_PersonalizedEventHadNoReceiverAtFirst_ReplaysTheMissedEvents(bool hasOthers)
    {
        PublishOwn(["room", "hall"], "seen");
        if (hasOthers)
            _publisher.Subscribe("room", "bob");
        PublishFor("ann", "order");

        (await ResumeAndReadAsync("seen", ["room", "hall"], name: "ann")).Select(item => item.EventId).Should().Equal("order");
        PublishOwn("room", "missed");

        Data(await ResumeAndReadAsync("order", ["room", "hall"])).Should().Equal("missed");
        Data(await ResumeAndReadAsync("order", "hall")).Should().BeEmpty();
    }

    [Fact]
    public async Task Resume_PersonalizedEventHadNoReceiverAtFirstAndAChannelIsRepeated_ReplaysTheMissedEvents()
    {
        PublishOwn("room", "seen");
        _publisher.Publish(name => new SseItem<string>("x") { EventId = "order" }, ["room", "room"]);
        await ResumeAndReadAsync("seen", "room", name: "ann");
        await ResumeAndReadAsync("seen", "room", name: "bob");
        PublishOwn("room", "missed");

        Data(await ResumeAndReadAsync("order", "room")).Should().Equal("missed");
    }

    [Fact]
    public async Task Resume_PersonalizedEventWasForALateSubscriberAlone_ReplaysTheMissedEvents()
    {
        _publisher.Subscribe("room", "first");
        _publisher.Publish(
            name =>
            {
                if (name == "late")
                    return new SseItem<string>("x") { EventId = "order" };
                _publisher.Subscribe("room", "late");
                return null;
            },
            "room");
        PublishOwn("room", "missed");

        Data(await ResumeAndReadAsync("order", "room")).Should().Equal("missed");
    }

    [Fact]
    public async Task Resume_PersonalizedEventHadNoReceiverAtFirstAndIsEvicted_IsAGapOnlyIfSomethingIsMissed()
    {
        PublishOwn("room", "seen");
        PublishFor("ann", "order");
        await ResumeAndReadAsync("seen", "room", name: "ann");

        PublishOwn("room", "1", "2", "3");
        Resume("order", "room").Resume.Should().Be(ResumeResult.Resumed, "no event after it is evicted");
        PublishOwn("room", "4");

        Resume("order", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_PersonalizedEventHadNoReceiverAtFirstAndItsIdIsUsedAgain_IsAGap()
    {
        PublishOwn("room", "seen");
        PublishFor("ann", "order");
        PublishOwn("room", "order");

        await ResumeAndReadAsync("seen", "room", name: "ann");

        Resume("order", "room").Resume.Should().Be(ResumeResult.Gap);
        Resume("seen", "room").Resume.Should().Be(ResumeResult.Resumed);
    }

    [Theory]
    [InlineData("room", ResumeResult.Gap)]
    [InlineData("hall", ResumeResult.Resumed)]
    public void Resume_LatePersonalizedEventIsEvictedBeforeItsIdIsKnown_IdIsStillCounted(string channel, ResumeResult expected)
    {
        _publisher.Subscribe("room", "first");
        _publisher.Publish(
            name =>
            {
                if (name == "first")
                {
                    _publisher.Subscribe(["room", "hall"], "late");
                    return null;
                }

                // These evict the event from one of its channels before its function has returned.
                PublishOwn("room", "1", "2", "3", "4");
                return new SseItem<string>("x") { EventId = "order" };
            },
            ["room", "hall"]);
        Resume("order", channel).Resume.Should().Be(expected);

        PublishOwn(channel, "missed", "order", "last");

        Resume("order", channel).Resume.Should().Be(ResumeResult.Gap, "a client that got the first event has missed the next one");
    }

    [Fact]
    public async Task Resume_TwoClientsGetDifferentIdsLater_OnlyTheFirstIdIsKnown()
    {
        PublishOwn("room", "seen");
        _publisher.Publish(name => new SseItem<string>("x") { EventId = name }, "room");
        await ResumeAndReadAsync("seen", "room", name: "ann");
        await ResumeAndReadAsync("seen", "room", name: "bob");
        PublishOwn("room", "missed");

        Data(await ResumeAndReadAsync("ann", "room")).Should().Equal("missed");
        Resume("bob", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public void Resume_AmbiguousIdIsReplayedToManyClients_OtherIdsStayAmbiguous()
    {
        PublishOwn("room", "7", "1", "2", "3", "7", "seen");
        _publisher.Subscribe("room", "first");
        _publisher.Publish(name => new SseItem<string>("x") { EventId = name == "first" ? "same" : "own" }, "room");

        // More replays than ids that are kept.
        for (var i = 0; i < 70_000; i++)
            Resume("seen", "room").Dispose();

        Resume("7", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public void Resume_ManySubscribersGotDifferentIds_EvictedIdsStayAmbiguous()
    {
        PublishOwn("room", "7", "1", "2", "3", "7", "seen");
        for (var i = 0; i < 70_000; i++)
            _publisher.Subscribe("room", $"name {i}");

        _publisher.Publish(name => new SseItem<string>("x") { EventId = name }, "room");

        Resume("7", "room").Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_LateEventIsEvictedBeforeTheReplayIsRead_IsNotKept()
    {
        PublishOwn("room", "seen");
        var reference = PublishWithGarbage();
        var subscription = Resume("seen", "room");

        PublishOwn("room", "1", "2", "3");

        await new[] { reference }.ShouldBecomeGarbageAsync();
        GC.KeepAlive(subscription);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference PublishWithGarbage()
        {
            var id = new string('i', 10);
            var owner = new object();
            _publisher.Publish(
                _ =>
                {
                    GC.KeepAlive(owner);
                    return new SseItem<string>("x") { EventId = id };
                },
                "room");
            return new WeakReference(owner);
        }
    }

    /// <summary>Publishes an event with an own id for one subscriber.</summary>
    private void PublishFor(string receiver, string id) => _publisher.Publish(
        name => name == receiver ? new SseItem<string>("x") { EventId = id } : null, ["room", "hall"]);

    /// <summary>Publishes an event that the client misses, and one with the id of the client's last event.</summary>
    private void AssertIsAmbiguous(string id, string? channel)
    {
        ChannelNames channels = channel is null ? ["room", "hall"] : channel;
        Resume(id, channels).Resume.Should().Be(ResumeResult.Gap, "the id names no position");

        PublishOwn(channels, "missed", id, "last");

        Resume(id, channels).Resume.Should().Be(ResumeResult.Gap);
        Resume("missed", channels).Resume.Should().Be(ResumeResult.Resumed);
    }
}
