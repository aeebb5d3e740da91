using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests a stream that is deleted, restored or trimmed: clients must know that they may have missed events.</summary>
public sealed class ReplacedStreamTests
{
    private readonly InMemoryStream _stream = new();

    [Theory]
    [InlineData(0)] // The marker of the node is before its last message.
    [InlineData(1)] // The marker is at the offset of the last message.
    [InlineData(2)] // Its last message has other bytes, and the marker is right after it.
    [InlineData(50)] // Its last message has other bytes.
    public async Task Replace_OtherMessages_EndsClientsAndOldIdsAreGaps(int length)
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();
        _stream.Messages.Should().HaveCount(2, "a marker and an event");

        _stream.Replace([.. Enumerable.Range(1, length).Select(number => RawMessage.Of(new MessageId(99, (ulong)number), data: "other"))]);

        (await client.RestAsync()).Should().BeEmpty();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        node.Log.Warnings.Should().Contain(text => text.Contains("this is not the stream that was read up to offset 1", StringComparison.Ordinal));
        await using var current = node.Connect();
        for (var number = 0; number < 5; number++)
            await node.PublishAsync("b");
        await current.NextAsync(5);
        await using var old = node.Connect(client.LastEventId);
        old.Resume.Should().Be(ResumeResult.Gap);
        await using var resumed = node.Connect(current.LastEventId);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public async Task Replace_EventsOfTheNewStreamBeforeTheMarker_ReachNoClientAndFillTheHistory()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();
        MessageId[] ids = [new(99, 1), new(99, 2), new(99, 3)];

        _stream.Replace(Array.ConvertAll(ids, id => RawMessage.Of(id, data: $"other {id.Sequence}")));
        await client.RestAsync();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);

        await using var resumed = node.Connect(new StreamEventIds().Format(new(StreamPosition.Of(0, 0), ids[0].Check)));
        (await resumed.NextAsync(2)).Should().Equal("other 2", "other 3");
    }

    [Fact]
    public async Task Restore_ShorterCopyOfTheStream_EndsClientsAndOnlyKeptIdsResume()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();
        var kept = client.LastEventId;
        var copy = _stream.Messages;
        foreach (var data in TestNode.Numbered("lost", 5))
            await node.PublishAsync(data);
        await client.NextAsync(5);

        _stream.Replace([.. copy]);

        (await client.RestAsync()).Should().BeEmpty();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        foreach (var data in TestNode.Numbered("b", 10))
            await node.PublishAsync(data);
        await using var fresh = await TestNode.StartAsync(_stream);
        foreach (var each in new[] { node, fresh })
        {
            await using var gap = each.Connect(client.LastEventId);
            gap.Resume.Should().Be(ResumeResult.Gap);
            await using var resumed = each.Connect(kept);
            (await resumed.NextAsync(10)).Should().Equal(TestNode.Numbered("b", 10));
        }
    }

    [Fact]
    public async Task Trim_BeforeTheNextMessageIsRead_EndsClientsAndOlderIdsAreGaps()
    {
        var changed = new ChangedTransport(_stream);
        await using var node = await TestNode.StartAsync(changed);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();

        TrimUnread(changed);

        (await client.RestAsync()).Should().NotContain("lost");
        await using var old = node.Connect(client.LastEventId);
        old.Resume.Should().Be(ResumeResult.Gap);
        await node.PublishAsync("b");
        node.Backplane.IsCaughtUp.Should().BeTrue("no other connection is needed");
        node.Log.Warnings.Should().ContainSingle().Which.Should().Contain("may be lost");
    }

    [Fact]
    public async Task Trim_DuringAnOutage_EndsClientsAndOlderIdsAreGaps()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();

        _stream.Stop();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);
        _stream.KeepLast(0);
        _stream.Start();

        (await client.RestAsync()).Should().BeEmpty();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await using var again = node.Connect(client.LastEventId);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Trim_MarkerIsRemovedBeforeItIsRead_CatchesUpByALaterMessage()
    {
        _stream.Append(RawMessage.Of(new MessageId(77, 1), data: "a"));
        var changed = new ChangedTransport(_stream);
        changed.Hold();
        await using var node = TestNode.Start(changed);
        await Limits.UntilAsync(() => _stream.Starts.Count == 1);

        TrimUnread(changed);

        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        changed.ReadersOpened.Should().Be(1);
    }

    [Fact]
    public async Task Reconnect_BrokerLostAConfirmedMessageThatWasNotRead_EndsSubscriptions()
    {
        var changed = new ChangedTransport(_stream);
        await using var node = await TestNode.StartAsync(changed);
        await using var client = node.Connect();
        await node.PublishAsync("kept");
        await client.NextAsync();
        var kept = _stream.Messages.ToArray();

        changed.StopReceiving();
        await node.PublishAsync("lost");
        await Limits.UntilAsync(() => changed.Confirmations == 2);
        _stream.Replace(kept);

        (await client.RestAsync()).Should().BeEmpty();
        node.Log.Warnings.Should().Contain(text => text.Contains("may be lost", StringComparison.Ordinal));
        await using var again = node.Connect(client.LastEventId);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    /// <summary>Removes messages that the node has not read, and appends one.</summary>
    private void TrimUnread(ChangedTransport changed)
    {
        changed.Hold();
        _stream.Append(RawMessage.Of(new MessageId(77, 7), data: "taken by the held reader"));
        _stream.Append(RawMessage.Of(new MessageId(77, 8), data: "lost"));
        _stream.KeepLast(0);
        _stream.Append(RawMessage.Of(new MessageId(77, 9), data: "kept"));
        changed.Release();
    }
}
