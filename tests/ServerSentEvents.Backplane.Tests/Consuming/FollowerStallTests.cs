using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests when a reader counts as stalled, with a follower that reads messages.</summary>
public sealed class FollowerStallTests
{
    private const ulong Node = 1;

    [Fact]
    public async Task Read_OwnMessageIsMissing_IsStalledUntilItComes()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Expect(2);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: "a"));
        reader.Time.Advance(TimeSpan.FromSeconds(1));
        reader.StallDetector.Waiting.Should().Be(TimeSpan.FromSeconds(1));
        reader.Read(2, RawMessage.Of(new MessageId(Node, 2), data: "b"));
        reader.Time.Advance(TimeSpan.FromSeconds(1));
        reader.StallDetector.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Read_FunctionTakesLongerThanTheTimeout_IsNotStalled()
    {
        ManualReader reader = null!;
        using var created = reader = new ManualReader(data =>
        {
            reader.Time.Advance(ManualReader.StallTimeout * 3);
            reader.StallDetector.Check();
            return data;
        });
        await StartAsync(reader);
        await using var client = reader.Connect();
        var stalled = reader.StallDetector.Begin();
        reader.Expect(2);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: "a"));
        reader.StallDetector.Check();

        stalled.IsCompleted.Should().BeFalse();
        (await client.NextAsync()).Data.Should().Be("a");
    }

    [Fact]
    public async Task Read_FunctionThrows_GoesOnAndIsNotStalled()
    {
        using var reader = new ManualReader(data => data == "bad" ? throw new InvalidOperationException("of a function") : data);
        await StartAsync(reader);
        await using var client = reader.Connect();
        reader.Expect(1);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: ["bad", "good"]));
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        (await client.NextAsync()).Data.Should().Be("good");
        reader.StallDetector.Waiting.Should().Be(TimeSpan.Zero);
        reader.Log.Warnings.Should().ContainSingle().Which.Should().Contain("of a function");
    }

    [Fact]
    public async Task Start_AfterMessagesOfThisNode_ExpectsNoneOfThem()
    {
        using var reader = new ManualReader();
        reader.Expect(3);

        await StartAsync(reader);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.StallDetector.Waiting.Should().Be(TimeSpan.Zero, "the node started to read after these messages");
    }

    [Fact]
    public async Task Read_OwnMessagesWereRemoved_ExpectsNoneOfThem()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Expect(3);

        reader.Read(9, RawMessage.Of(new MessageId(7, 1), data: "a"), MessageOrder.AfterLoss);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.StallDetector.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Attach_StreamIsShorter_ExpectsNothingOfTheOldOne()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Read(5, RawMessage.Of(new MessageId(7, 2), data: "a"));
        reader.Expect(3);

        await StartAsync(reader);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.StallDetector.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Attach_OwnMessageIsMissing_ClientsAfterTheLossCanResume()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        await using var early = reader.Connect();
        reader.StallDetector.BeginSending(1);
        reader.Expect(1);
        _ = reader.StallDetector.Begin();

        var attaching = reader.AttachAsync(marker: 5);
        reader.Read(0, RawMessage.Of(new MessageId(7, 1)), MessageOrder.First);
        reader.Read(5, RawMessage.Of(new MessageId(7, 2)));
        await attaching.WithinPatience();

        (await early.RestAsync()).Should().BeEmpty();
        var options = new SubscribeOptions<string> { Properties = "", InitialData = [new SseItem<string>("state")] };
        await using var client = new TestClient(reader.Publisher.Subscribe(options));
        await client.NextAsync();
        reader.Connect(client.LastEventId).Resume.Should().Be(ResumeResult.Resumed);
    }

    [Fact]
    public void Attach_MessagesBeforeTheMarkerComeSlowly_IsStalledOnlyWhenNoneComes()
    {
        using var reader = new ManualReader();
        var stalled = reader.StallDetector.Begin();
        _ = reader.AttachAsync(marker: 9);

        for (var offset = 0; offset < 9; offset++)
        {
            CheckAfter(reader, ReaderStallDetector.MarkerTimeout / 2);
            reader.Read(offset, RawMessage.Of(new MessageId(7, (ulong)offset + 1), data: "a"));
        }

        CheckAfter(reader, ReaderStallDetector.MarkerTimeout / 2);
        stalled.IsCompleted.Should().BeFalse("the reader comes nearer to the marker");
        CheckAfter(reader, ReaderStallDetector.MarkerTimeout / 2);
        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task Attach_MarkerWasReached_QuietStreamIsNotStalled()
    {
        using var reader = new ManualReader();
        var stalled = reader.StallDetector.Begin();

        await StartAsync(reader);
        CheckAfter(reader, ManualReader.StallTimeout * 10);

        stalled.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Attach_HandlersTakeLongAtTheMarker_IsNotStalled()
    {
        using var reader = new ManualReader();
        var stalled = reader.StallDetector.Begin();
        var attaching = reader.AttachAsync(marker: 1);
        reader.Read(0, RawMessage.Of(new MessageId(7, 1), data: "a"));
        var ended = false;
        reader.Publisher.Subscribe(properties: "Ann");
        reader.Publisher.Unsubscribed += (_, _) =>
        {
            ended = true;
            CheckAfter(reader, ReaderStallDetector.MarkerTimeout);
        };

        reader.Read(1, RawMessage.Of(new MessageId(7, 2), data: "b"));

        await attaching.WithinPatience();
        ended.Should().BeTrue();
        stalled.IsCompleted.Should().BeFalse();
    }

    private static void CheckAfter(ManualReader reader, TimeSpan time)
    {
        reader.Time.Advance(time);
        reader.StallDetector.Check();
    }

    private static async Task StartAsync(ManualReader reader)
    {
        var attaching = reader.AttachAsync(marker: 0);
        reader.Read(0, RawMessage.Of(new MessageId(7, 1)), MessageOrder.First);
        await attaching.WithinPatience();
    }
}
