using System.Globalization;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests messages that the stream has twice, on nodes that have read both, one or none of them.</summary>
public sealed class RetransmissionTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task Read_SecondCopy_IsSkipped()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        Append(5, isRetransmission: false, "m");
        Append(6, isRetransmission: false, "n");
        Append(5, isRetransmission: true, "m");
        Append(6, isRetransmission: true, "n");
        await node.PublishAsync("after");

        (await client.NextAsync(3)).Should().Equal("m", "n", "after");
        await using var again = node.Connect(client.LastEventId);
        again.Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public async Task Read_WholeStreamWasRead_RetransmissionWithoutOriginalIsDelivered()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        Append(5, isRetransmission: true, "m");

        (await client.NextAsync()).Data.Should().Be("m", "the original never reached the stream");
    }

    [Fact]
    public async Task Read_RetransmissionAfterALaterMessage_EndsSubscriptionsInsteadOfReordering()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        // RabbitMQ can return message 5, take message 6, and lose the connection, while the stream is deleted and created again.
        Append(6, isRetransmission: false, "n");
        Append(5, isRetransmission: true, "m");
        Append(6, isRetransmission: true, "n");

        (await client.RestAsync()).Should().Equal("n");
        await using var again = node.Connect(client.LastEventId);
        again.Resume.Should().Be(ResumeResult.Gap);
        await node.PublishAsync("after");
        (await again.NextAsync()).Data.Should().Be("after");
    }

    [Fact]
    public async Task Read_OriginalMayBeBeforeTheStart_EndsSubscriptionsAndRestartsHistoryAfterIt()
    {
        _stream.Append(RawMessage.Of(new MessageId(7, 1)));
        _stream.Append(RawMessage.Of(new MessageId(7, 2)));
        _stream.KeepLast(1);
        await using var late = await TestNode.StartAsync(_stream);
        await using var client = late.Connect();
        await late.PublishAsync("before");

        var offset = Append(5, isRetransmission: true, "m", "n");

        (await client.RestAsync()).Should().Equal("before");
        var check = new MessageId(77, 5).Check;
        foreach (var (id, expected) in new[]
        {
            (client.LastEventId!, ResumeResult.Gap),
            (IdOf(new(StreamPosition.Of(offset, 0), check)), ResumeResult.Gap),
            (IdOf(new(StreamPosition.Of(offset, 1), check)), ResumeResult.Resumed),
        })
        {
            await using var again = late.Connect(id);
            again.Resume.Should().Be(expected, id);
        }

        await using var next = late.Connect(IdOf(new(StreamPosition.Of(offset, 1), check)));
        await late.PublishAsync("after");
        (await next.NextAsync()).Data.Should().Be("after");
    }

    [Fact]
    public async Task Read_OriginalBeforeTheStart_ClientThatSwitchesNodesGetsItOnce()
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var client = one.Connect();
        Append(5, isRetransmission: false, "m");
        await client.NextAsync();
        await using var late = await TestNode.StartAsync(_stream, options => options.ReadBack = TimeSpan.Zero);
        await one.PublishAsync("n");
        await client.NextAsync();
        await using var switched = late.Connect(client.LastEventId);

        Append(5, isRetransmission: true, "m");

        (await switched.RestAsync()).Should().BeEmpty();
        await one.PublishAsync("o");
        (await client.NextAsync()).Data.Should().Be("o", "the first node knows the message");
    }

    [Fact]
    public async Task Read_OriginalWasRemovedBeforeItWasRead_IsNotDeliveredAgain()
    {
        var changed = new ChangedTransport(_stream);
        await using var ahead = await TestNode.StartAsync(_stream);
        await using var behind = await TestNode.StartAsync(changed);
        await using var client = ahead.Connect();
        await using var there = behind.Connect();
        Append(5, isRetransmission: false, "before");
        await client.NextAsync();
        await there.NextAsync();
        changed.Hold();
        Append(6, isRetransmission: false, "m");
        // The held reader may have taken this message already, but not the ones after it.
        Append(7, isRetransmission: false, "p");
        await client.NextAsync(2);
        _stream.KeepLast(0);
        changed.Release();
        await ahead.PublishAsync("n");
        await client.NextAsync();
        await Limits.UntilAsync(() => behind.Log.Warnings.Any(text => text.Contains("may be lost", StringComparison.Ordinal)));
        await using var switched = behind.Connect(client.LastEventId);

        Append(7, isRetransmission: true, "p");

        (await switched.RestAsync()).Should().NotContain("p");
    }

    [Fact]
    public async Task Read_MarkerWithTheFlag_DisturbsNoClient()
    {
        _stream.Append(RawMessage.Of(new MessageId(7, 1)));
        _stream.Append(RawMessage.Of(new MessageId(7, 2)));
        _stream.KeepLast(1);
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        Append(5, isRetransmission: true);
        await node.PublishAsync("a");

        (await client.NextAsync()).Data.Should().Be("a");
        client.EndReason.Should().BeNull();
    }

    private long Append(ulong sequence, bool isRetransmission, params string[] data) =>
        _stream.Append(RawMessage.Of(new MessageId(77, sequence), isRetransmission, data));

    private static string IdOf(EventPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.Value}~{position.Check:x8}");
}
