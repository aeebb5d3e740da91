using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Contract;

/// <content>Starts, outages, retransmissions and replaced streams.</content>
public abstract partial class BackplaneContract
{
    [SkippableFact]
    public async Task Resume_AtAnotherNode_GetsTheMissedEventsOnce()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var before = one.Connect();
        await one.PublishAsync("a", 10);
        await before.NextAsync(4);

        await using var after = other.Connect(before.LastEventId);
        await other.PublishAsync("b", 2);

        after.Resume.Should().Be(ResumeResult.Resumed);
        (await after.NextAsync(8)).Should().Equal([.. TestNode.Numbered("a", 10).Skip(4), .. TestNode.Numbered("b", 2)]);
    }

    [SkippableFact]
    public async Task Resume_InsideASharedMessage_GetsExactlyTheRestAtEveryNode()
    {
        var sending = new ChangedTransport(Broker.Open(_stream));
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var one = await TestNode.StartAsync(sending);
        await using var other = await StartNodeAsync();
        await using var before = other.Connect();
        sending.SendAfter(goOn.Task);
        // The first event waits alone for the broker, and the others gather.
        var publishing = one.PublishAsync("a", 1500);
        goOn.SetResult();
        await publishing;
        await before.NextAsync(700);
        await using var late = await StartNodeAsync();

        foreach (var node in new[] { one, other, late })
        {
            await using var resumed = node.Connect(before.LastEventId);
            resumed.Resume.Should().Be(ResumeResult.Resumed);
            (await resumed.NextAsync(800)).Should().Equal(TestNode.Numbered("a", 1500).Skip(700));
        }
    }

    [SkippableFact]
    public async Task Resume_ItemWasForwardedToAnotherChannel_BothIdsGetExactlyTheRestAtEveryNode()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var raw = one.Connect(channels: "raw");
        await using var cooked = other.Connect(channels: "cooked");
        await PublishAsync("raw 1");
        await PublishAsync("raw 2");
        var original = await raw.NextAsync();
        await other.Backplane.PublishAsync(new SseItem<string>("cooked 1") { EventId = original.EventId }, "cooked").WithinPatience();
        await PublishAsync("raw 3");
        await one.Backplane.PublishAsync("cooked 2", "cooked").WithinPatience();
        var forwarded = await cooked.NextAsync();
        await using var late = await StartNodeAsync();

        forwarded.EventId.Should().NotBe(original.EventId, "the forwarded event is another event");
        foreach (var node in new[] { one, other, late })
        {
            await ShouldResumeAsync(node, original.EventId, "raw", "raw 2", "raw 3");
            await ShouldResumeAsync(node, original.EventId, ["raw", "cooked"], "raw 2", "cooked 1", "raw 3", "cooked 2");
            await ShouldResumeAsync(node, forwarded.EventId, "cooked", "cooked 2");
            await ShouldResumeAsync(node, forwarded.EventId, ["raw", "cooked"], "raw 3", "cooked 2");
        }

        Task PublishAsync(string data) => one.Backplane.PublishAsync(data, "raw").WithinPatience();

        static async Task ShouldResumeAsync(TestNode node, string? id, ChannelNames channels, params string[] rest)
        {
            await using var resumed = node.Connect(id, channels: channels);
            resumed.Resume.Should().Be(ResumeResult.Resumed);
            (await resumed.NextAsync(rest.Length)).Should().Equal(rest);
            resumed.Queued.Should().Be(0);
        }
    }

    [SkippableFact]
    public async Task Start_EventsInTheStream_FillTheHistoryAndReachNoClient()
    {
        await using var one = await StartNodeAsync();
        await using var before = one.Connect();
        await one.PublishAsync("a", 10);
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
    public async Task Start_ReadBackOfZero_ResumesWhatCameLaterAndGapsWhatCameBefore()
    {
        await using var one = await StartNodeAsync();
        await using var before = one.Connect();
        await one.PublishAsync("a", 2);
        await before.NextAsync();

        await using var late = await StartNodeAsync(options => options.ReadBack = TimeSpan.Zero);
        await late.PublishAsync("b");
        await late.PublishAsync("c");
        await using var tooOld = late.Connect(before.LastEventId);

        (await before.NextAsync(2)).Should().Equal("a1", "b");
        before.EndReason.Should().BeNull("the start of a node disturbs no other");
        await using var resumed = late.Connect(before.LastEventId);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.NextAsync()).Data.Should().Be("c");
        tooOld.Resume.Should().Be(ResumeResult.Gap);
    }

    [SkippableFact]
    public async Task Outage_BrokerStopsAndStarts_ClientsStayAndGetTheEventsLater()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var far = other.Connect();
        await one.PublishAsync("a", 10);
        await far.NextAsync(10);

        await Broker.StopAsync();
        await Limits.UntilAsync(() => !one.Backplane.IsCaughtUp && !other.Backplane.IsCaughtUp);
        var during = one.PublishAsync("b", 10);
        during.IsCompleted.Should().BeFalse();
        await Broker.StartAsync();
        await during;

        (await far.NextAsync(10)).Should().Equal(TestNode.Numbered("b", 10));
        far.EndReason.Should().BeNull();
    }

    [SkippableFact]
    public async Task Outage_LongerThanTheTimeout_PublishThrowsAndTheEventIsNotPublishedLater()
    {
        await using var node = await StartNodeAsync(options => options.PublishTimeout = TimeSpan.FromMilliseconds(500));
        await using var client = node.Connect();
        await Broker.StopAsync();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp
            && node.Log.Warnings.Any(text => text.Contains("no connection for publishing", StringComparison.Ordinal)));

        // The warning can be older than the outage. The first event is then sent over a connection whose loss the node has not noticed.
        await Limits.UntilAsync(async () =>
        {
            var thrown = await node.Awaiting(each => each.PublishAsync("too early")).Should().ThrowAsync<TimeoutException>();
            return thrown.Which.Message.StartsWith("Not published within the PublishTimeout of 00:00:00.5", StringComparison.Ordinal)
                && thrown.Which.Message.Contains(": there is no connection: ", StringComparison.Ordinal);
        });
        await Broker.StartAsync();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await using var again = await StartNodeAsync();
        await again.PublishAsync("later");
        (await client.NextAsync()).Data.Should().Be("later");
    }

    [SkippableFact]
    public async Task ConfirmationLost_MessageIsSentAgain_EachNodeDeliversItOnce()
    {
        var losing = new ChangedTransport(Broker.Open(_stream));
        await using var one = await TestNode.StartAsync(losing);
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var far = other.Connect();
        await one.PublishAsync("before");

        var swallowed = losing.SwallowConfirmations();
        var publishing = one.PublishAsync("again");
        await swallowed.WithinPatience();
        losing.LoseWriter();
        await publishing;
        await one.PublishAsync("after");

        (await near.NextAsync(3)).Should().Equal("before", "again", "after");
        (await far.NextAsync(3)).Should().Equal("before", "again", "after");
        var copies = (await ReadAllAsync()).Where(message => message.Items is [{ Event.Data: "again" }]).ToList();
        copies.Select(message => message.Id).Distinct().Should().ContainSingle();
        copies[0].IsRetransmission.Should().BeFalse();
        copies.Skip(1).Should().NotBeEmpty().And.OnlyContain(message => message.IsRetransmission);
    }

    [SkippableFact]
    public async Task StreamDeleted_OldIds_AreGapsOnEveryNode()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();
        await using var near = one.Connect();
        await using var client = other.Connect();
        await one.PublishAsync("a", 20);
        await near.NextAsync(20);
        await client.NextAsync(20);

        await Broker.DeleteAsync(_stream);
        await near.RestAsync();
        await client.RestAsync();
        await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
        await using var current = one.Connect();
        await using var far = other.Connect();
        // An id after the end of the new stream could be of a node that has read more of it.
        await PublishOneByOneAsync(one, "b", count: 30);
        await current.NextAsync(30);
        var last = current.LastEventId;
        await other.PublishAsync("c");

        (await current.NextAsync()).Data.Should().Be("c");
        (await far.NextAsync(31))[^1].Should().Be("c");
        foreach (var node in new[] { one, other })
        {
            await using var old = node.Connect(client.LastEventId);
            old.Resume.Should().Be(ResumeResult.Gap);
            await using var resumed = node.Connect(last);
            resumed.Resume.Should().Be(ResumeResult.Resumed);
            (await resumed.NextAsync()).Data.Should().Be("c");
        }
    }

    [SkippableFact]
    public async Task StreamDeleted_AllNodesAreNew_OldIdInsideTheNewStreamIsAGap()
    {
        var lastEventId = await PublishAndReadAsync("old", count: 10);
        await Broker.DeleteAsync(_stream);
        await using var fresh = await StartNodeAsync();
        await using var current = fresh.Connect();
        await PublishOneByOneAsync(fresh, "new", count: 30);
        await current.NextAsync(30);

        await using var client = fresh.Connect(lastEventId);

        client.Resume.Should().Be(ResumeResult.Gap);
    }

    [SkippableFact]
    public async Task StreamDeleted_AllNodesAreNew_ClientAheadOfTheStreamEndsWhenItIsReached()
    {
        var lastEventId = await PublishAndReadAsync("old", count: 30);
        await Broker.DeleteAsync(_stream);
        await using var fresh = await StartNodeAsync();

        await using var client = fresh.Connect(lastEventId);
        // Offsets that follow the broker's clock go on after those of the old stream, so no id is ahead.
        if (client.Resume == ResumeResult.Gap)
            return;
        var publishing = PublishOneByOneAsync(fresh, "new", count: 60);
        var seen = await client.RestAsync();
        await publishing;

        seen.Should().BeEmpty("the client must not go on as if it had the events before");
        await using var again = fresh.Connect(lastEventId);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    /// <summary>Publishes on a node that then goes away. Returns the id of the last event.</summary>
    private async Task<string?> PublishAndReadAsync(string prefix, int count)
    {
        await using var node = await StartNodeAsync();
        await using var client = node.Connect();
        await PublishOneByOneAsync(node, prefix, count);
        await client.NextAsync(count);
        return client.LastEventId;
    }

    private static async Task PublishOneByOneAsync(TestNode node, string prefix, int count)
    {
        foreach (var data in TestNode.Numbered(prefix, count))
            await node.PublishAsync(data);
    }

    /// <summary>Reads all messages that the stream has now.</summary>
    private async Task<List<StreamMessage>> ReadAllAsync()
    {
        var messages = new List<StreamMessage>();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var reader = await Broker.Open(_stream).OpenReaderAsync(default);
        var end = await reader.AppendAsync(RawMessage.Of(new MessageId((ulong)Random.Shared.NextInt64(), 1)), default);
        await reader.ReadAsync(
            default,
            (offset, _, body) =>
            {
                if (MessageFormat.Decode(body, out var message) == DecodeResult.Decoded && offset < end)
                    messages.Add(message);
                if (offset >= end)
                    read.TrySetResult();
            },
            default);
        await read.Task.WithinPatience();
        return messages;
    }
}
