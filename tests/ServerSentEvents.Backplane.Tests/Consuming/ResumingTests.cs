using System.Net.ServerSentEvents;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests how a node starts and reconnects.</summary>
public sealed class ResumingTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task Reconnect_ReadsFromLastMessage_ClientsStayConnected()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var other = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();
        var (last, starts) = (_stream.Messages.Count - 1, _stream.Starts.Count);

        _stream.Cut();
        await Limits.UntilAsync(() => _stream.Starts.Count == starts + 2);
        await node.PublishAsync("b");

        (await client.NextAsync()).Data.Should().Be("b");
        _stream.Starts[starts].Offset.Should().BeInRange(last - 1, last);
        _stream.Messages.Should().HaveCountGreaterThanOrEqualTo(last + 4, "each node appended another marker, and one event came");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_ItemOfTheStreamIsForwardedOnOneNode_HasNoId(bool isPersonalized)
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await using var cooked = node.Connect(channels: "cooked");
        await node.PublishAsync("raw");
        var item = await client.NextAsync();

        var taken = isPersonalized ? node.Publisher.Publish(_ => item, "cooked") : node.Publisher.Publish(item, "cooked");

        taken.Should().Be(1);

        item.EventId.Should().NotBeNull();
        (await cooked.NextAsync()).EventId.Should().BeNull("no node can resume from the forwarded event");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_OnOneNodeWithAnOwnId_ClientKeepsTheIdOfTheStream(bool isPersonalized)
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("seen");
        var seen = await client.NextAsync();
        var echo = new SseItem<string>("echo") { EventId = "m1" };
        var taken = isPersonalized ? node.Publisher.Publish(_ => echo) : node.Publisher.Publish(echo);
        taken.Should().Be(1);
        var local = await client.NextAsync();

        await node.PublishAsync("missed");
        await node.Backplane.PublishAsync(new SseItem<string>("stored") { EventId = "m1" }).WithinPatience();

        // With the id, the client would resume after the stored event.
        local.EventId.Should().BeNull();
        await using var resumed = node.Connect(seen.EventId);
        (await resumed.NextAsync(2)).Should().Equal("missed", "stored");
    }

    [Fact]
    public async Task Reconnect_ConnectionsCutRepeatedly_DeliversEventsOfBothNodesOnceInOrder()
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var other = await TestNode.StartAsync(_stream);
        await using var near = one.Connect();
        await using var far = other.Connect();

        var publishing = Task.WhenAll(one.PublishAsync("a", 300), other.PublishAsync("b", 300));
        for (var cut = 0; cut < 5; cut++)
        {
            _stream.Cut();
            await Limits.UntilAsync(() => one.Backplane.IsCaughtUp && other.Backplane.IsCaughtUp);
        }

        await publishing;
        var seen = await near.NextAsync(600);
        (await far.NextAsync(600)).Should().Equal(seen);
        seen.Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(0, ResumeResult.Gap)]
    [InlineData(3600, ResumeResult.Resumed)]
    [InlineData(null, ResumeResult.Resumed)]
    public async Task Start_ReadBack_IsTheAgeOfTheHistory(int? seconds, ResumeResult expected)
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var before = one.Connect();
        await one.PublishAsync("a");
        await one.PublishAsync("b");
        await before.NextAsync();
        TimeSpan? readBack = seconds is { } value ? TimeSpan.FromSeconds(value) : null;
        var messages = _stream.Messages.Count;

        await using var late = await TestNode.StartAsync(_stream, options => options.ReadBack = readBack);
        await using var client = late.Connect(before.LastEventId);

        client.Resume.Should().Be(expected);
        _stream.Starts[^1].Should().Be(seconds == 0 ? new StreamStart(messages, readBack) : new StreamStart(Offset: null, readBack));
    }

    [Fact]
    public async Task Start_ReadBackOfZero_LaterResumesFromTheLastMessage()
    {
        await using var node = await TestNode.StartAsync(_stream, options => options.ReadBack = TimeSpan.Zero);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();
        var last = _stream.Messages.Count - 1;

        _stream.Stop();
        await Limits.UntilAsync(() => _stream.Connections == 0);
        AppendFromElsewhere("b");
        _stream.Start();

        (await client.NextAsync()).Data.Should().Be("b");
        _stream.Starts[^1].Offset.Should().Be(last);
    }

    [Fact]
    public async Task Reconnect_PublishedBeforeTheStartAndConfirmedAfterIt_IsNoLoss()
    {
        var confirm = new TaskCompletionSource();
        var changed = new ChangedTransport(_stream);
        changed.ConfirmAfter(confirm.Task);
        using var publisher = new Publisher<string>();
        await using var backplane = new TestBackplane(publisher, new TestOptions { ReadBack = TimeSpan.Zero }, changed);
        // The writer sends this before the reader appends its marker.
        var publishing = backplane.PublishAsync("a");
        backplane.Start();
        await Limits.UntilAsync(() => backplane.IsCaughtUp);
        await using var client = new TestClient(publisher.Subscribe(new SubscribeOptions<string> { Properties = "" }));
        confirm.SetResult();
        await publishing.WithinPatience();

        changed.LoseReader();
        await Limits.UntilAsync(() => changed.ReadersOpened == 2 && backplane.IsCaughtUp);
        await backplane.PublishAsync("b").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("b");
        _stream.Starts[0].Offset.Should().Be(1, "the message is before the marker");
    }

    [Fact]
    public async Task Reconnect_LostWhileCatchingUp_CatchesUpOnTheNextConnection()
    {
        AppendFromElsewhere("a");
        var changed = new ChangedTransport(_stream);
        changed.Hold();
        await using var node = TestNode.Start(changed);
        await Limits.UntilAsync(() => _stream.Starts.Count == 1);
        changed.LoseReader();
        changed.Release();

        // The node may reach the end over the lost connection just before it notices the loss.
        await Limits.UntilAsync(() => changed.ReadersOpened >= 2 && node.Backplane.IsCaughtUp);

        await using var client = node.Connect();
        await node.PublishAsync("b");
        (await client.NextAsync()).Data.Should().Be("b");
    }

    [Fact]
    public async Task Connections_ManyClients_AreOneForEachDirection()
    {
        await using var node = await TestNode.StartAsync(_stream);
        var clients = Enumerable.Range(0, 100).Select(_ => node.Connect()).ToList();
        await node.PublishAsync("a");

        _stream.Connections.Should().Be(2);

        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task PublisherUsedDirectly_BesideTheBackplane_ReachesThisNodeWithoutAnId()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("everywhere");
        var id = (await client.NextAsync()).EventId;

        node.Publisher.Publish("here");

        (await client.NextAsync()).EventId.Should().BeNull();
        await using var resumed = node.Connect(id);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        await node.PublishAsync("next");
        (await resumed.NextAsync()).Data.Should().Be("next");
    }

    private void AppendFromElsewhere(string data) =>
        _stream.Append(RawMessage.Of(new Internal.Messages.MessageId(77, 1), data: data));
}
