using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <content>Tests of the loaded events: their ids, their place in the stream, and events that cannot be sent.</content>
public sealed partial class LoadInitialDataTests
{
    public static TheoryData<string, string> ReadersAndInvalidEvents
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (var reader in (string[])["text", "items", "copy"])
            {
                cases.Add(reader, "too large");
                cases.Add(reader, "invalid id");
            }

            return cases;
        }
    }

    [Fact]
    public async Task Read_EventsDuringTheLoadAndClientLeavesAfterTheLastLoadedEvent_ResumeReplaysThem()
    {
        _publisher.Publish("before the subscription");
        var subscription = Subscribe();
        _publisher.Publish("before the load");
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        var reading = reader.NextAsync();
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("during the load");
        _load.SetResult([new("state")]);
        var id = (await reading).EventId;
        await reader.DisposeAsync();

        var resumed = Subscribe(id);
        _publisher.Close();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("before the load", "during the load");
    }

    [Fact]
    public async Task CopyToAsync_NoRetryIntervalAndTheLoadTakesLong_CommentIsWrittenBeforeIt()
    {
        var publisher = new Publisher<string>();
        var read = new ReadText();
        var copying = publisher.Subscribe(new SubscribeOptions<string> { LoadInitialData = LoadAsync })
            .CopyToAsync(new TextStream(read));

        await read.WaitForAsync(":\n");
        publisher.Publish("live");
        publisher.Close();
        _load.SetResult([new("state")]);
        await copying.WaitAsync(Limits.Patience);

        read.Text.Should().Be(":\ndata: state\n\ndata: live\n\n");
    }

    [Fact]
    public Task DropOldest_DuringTheLoad_GapEventComesAfterTheState() =>
        ShouldDropDuringTheLoadAsync(QueueOverflow.DropOldest, "state", "gap", "live 2", "live 3");

    [Fact]
    public Task DropNewest_DuringTheLoad_GapEventComesAfterTheState() =>
        ShouldDropDuringTheLoadAsync(QueueOverflow.DropNewest, "state", "live 1", "live 2", "gap");

    [Theory]
    [InlineData("text")]
    [InlineData("copy")]
    public async Task Read_NoLoadedEvent_SendsNoPositionAndTheNextAttemptIsNotRequested(string reader)
    {
        _publisher.Publish("before");
        _load.SetResult([]);
        var read = new ReadText();
        var reading = ReadAsync(Subscribe(), read, reader);
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Close();
        await reading.WaitAsync(Limits.Patience);

        read.Text.Should().Be("retry: 1000\n", "a position without the state would skip the state at the next attempt");
        var next = Subscribe(lastEventId: null);
        next.Resume.Should().Be(ResumeResult.NotRequested);
        next.Close();
        await next.ToArrayAsync();
        _calls.Should().Be(2);
    }

    [Fact]
    public async Task Read_LoadedEventsHaveOwnIds_KeepThem()
    {
        var subscription = Subscribe();
        _load.SetResult([new("state 1") { EventId = "one" }, new("state 2") { EventId = "two" }]);
        subscription.Close();

        (await subscription.AsItems().ToArrayAsync()).Select(item => item.EventId).Should().Equal("one", "two");
    }

    [Theory]
    [MemberData(nameof(ReadersAndInvalidEvents))]
    public async Task Read_LoadedEventIsTooLargeOrHasAnInvalidId_FailsLikeALoadThatFails(string reader, string reason)
    {
        var publisher = new Publisher<string>(new PublisherOptions { MaxEventBytes = 100 });
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LoadInitialData = LoadAsync });
        publisher.Publish("live");
        var invalid = reason == "too large" ? new SseItem<string>(new string('x', 100)) : new("x") { EventId = "a\tb" };
        _load.SetResult([new("valid"), invalid]);
        var read = new ReadText();

        await FluentActions.Awaiting(() => ReadAsync(subscription, read, reader).WaitAsync(Limits.Patience))
            .Should().ThrowAsync<ArgumentException>();

        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        publisher.GetSubscribers().Should().BeEmpty();
        read.Text.Should().NotContain("data");
    }

    [Fact]
    public async Task Read_MissedPersonalizedEventThrows_IsAGapAndLoads()
    {
        _publisher.Publish("seen", eventId: "1");
        _publisher.Publish(name => name is null ? throw new FormatException() : name);
        _publisher.Publish("healthy");
        var subscription = Subscribe("1");
        _publisher.Publish("live");
        _publisher.Close();
        _load.SetResult([new("state")]);

        var items = await subscription.AsItems().ToArrayAsync();

        subscription.Resume.Should().Be(ResumeResult.Gap);
        items.Select(item => item.Data).Should().Equal("", "state", "healthy", "live");
        items[0].EventType.Should().Be("gap");
        _calls.Should().Be(1);
    }

    private async Task ShouldDropDuringTheLoadAsync(QueueOverflow overflow, params string[] expected)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            QueueCapacity = 2,
            QueueOverflow = overflow,
            LoadInitialData = LoadAsync,
        });
        var reading = subscription.AsItems().ToArrayAsync();
        await Limits.UntilAsync(() => _calls == 1);
        foreach (var data in (string[])["live 1", "live 2", "live 3"])
            _publisher.Publish(data);
        _publisher.Close();

        _load.SetResult([new("state")]);

        (await reading).Select(item => item.EventType == "gap" ? "gap" : item.Data).Should().Equal(expected);
        subscription.DroppedEvents.Should().Be(1);
    }
}
