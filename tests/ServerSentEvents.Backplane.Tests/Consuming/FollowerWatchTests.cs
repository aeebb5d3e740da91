using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests the conditions under which a reader counts as stuck.</summary>
public sealed class FollowerWatchTests
{
    private const ulong Node = 1;

    [Fact]
    public async Task Read_OwnMessageIsMissing_IsStuckUntilItComes()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Watch.Expect(2);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: "a"));
        reader.Time.Advance(TimeSpan.FromSeconds(1));
        reader.Watch.Waiting.Should().Be(TimeSpan.FromSeconds(1));
        reader.Read(2, RawMessage.Of(new MessageId(Node, 2), data: "b"));
        reader.Time.Advance(TimeSpan.FromSeconds(1));
        reader.Watch.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Read_FunctionTakesLongerThanThePatience_IsNotStuck()
    {
        ManualReader reader = null!;
        using var created = reader = new ManualReader(data =>
        {
            reader.Time.Advance(ManualReader.Patience * 3);
            reader.Watch.Check();
            return data;
        });
        await StartAsync(reader);
        await using var client = reader.Connect();
        var stuck = reader.Watch.Begin();
        reader.Watch.Expect(2);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: "a"));
        reader.Watch.Check();

        stuck.IsCompleted.Should().BeFalse();
        (await client.NextAsync()).Data.Should().Be("a");
    }

    [Fact]
    public async Task Read_FunctionThrows_GoesOnAndIsNotStuck()
    {
        using var reader = new ManualReader(data => data == "bad" ? throw new InvalidOperationException("of a function") : data);
        await StartAsync(reader);
        await using var client = reader.Connect();
        reader.Watch.Expect(1);

        reader.Read(1, RawMessage.Of(new MessageId(Node, 1), data: ["bad", "good"]));
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        (await client.NextAsync()).Data.Should().Be("good");
        reader.Watch.Waiting.Should().Be(TimeSpan.Zero);
        reader.Log.Warnings.Should().ContainSingle().Which.Should().Contain("of a function");
    }

    [Fact]
    public async Task Start_AfterMessagesOfThisNode_ExpectsNoneOfThem()
    {
        using var reader = new ManualReader();
        reader.Watch.Expect(3);

        await StartAsync(reader);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.Watch.Waiting.Should().Be(TimeSpan.Zero, "the node started to read after these messages");
    }

    [Fact]
    public async Task Read_OwnMessagesWereRemoved_ExpectsNoneOfThem()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Watch.Expect(3);

        reader.Read(9, RawMessage.Of(new MessageId(7, 1), data: "a"), MessageOrder.AfterLoss);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.Watch.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task Attach_StreamIsShorter_ExpectsNothingOfTheOldOne()
    {
        using var reader = new ManualReader();
        await StartAsync(reader);
        reader.Read(5, RawMessage.Of(new MessageId(7, 2), data: "a"));
        reader.Watch.Expect(3);

        await StartAsync(reader);
        reader.Time.Advance(TimeSpan.FromSeconds(1));

        reader.Watch.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Attach_MessagesBeforeTheMarkerComeSlowly_IsStuckOnlyWhenNoneComes()
    {
        using var reader = new ManualReader();
        var stuck = reader.Watch.Begin();
        _ = reader.AttachAsync(marker: 9);

        for (var offset = 0; offset < 9; offset++)
        {
            CheckAfter(reader, ReadingWatch.MarkerPatience / 2);
            reader.Read(offset, RawMessage.Of(new MessageId(7, (ulong)offset + 1), data: "a"));
        }

        CheckAfter(reader, ReadingWatch.MarkerPatience / 2);
        stuck.IsCompleted.Should().BeFalse("the reader comes nearer to the marker");
        CheckAfter(reader, ReadingWatch.MarkerPatience / 2);
        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task Attach_MarkerWasReached_QuietStreamIsNotStuck()
    {
        using var reader = new ManualReader();
        var stuck = reader.Watch.Begin();

        await StartAsync(reader);
        CheckAfter(reader, ManualReader.Patience * 10);

        stuck.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Attach_HandlersTakeLongAtTheMarker_IsNotStuck()
    {
        using var reader = new ManualReader();
        var stuck = reader.Watch.Begin();
        var attaching = reader.AttachAsync(marker: 1);
        reader.Read(0, RawMessage.Of(new MessageId(7, 1), data: "a"));
        var ended = false;
        reader.Publisher.Subscribe(properties: "Ann");
        reader.Publisher.Unsubscribed += (_, _) =>
        {
            ended = true;
            CheckAfter(reader, ReadingWatch.MarkerPatience);
        };

        reader.Read(1, RawMessage.Of(new MessageId(7, 2), data: "b"));

        await attaching.WithinPatience();
        ended.Should().BeTrue();
        stuck.IsCompleted.Should().BeFalse();
    }

    private static void CheckAfter(ManualReader reader, TimeSpan time)
    {
        reader.Time.Advance(time);
        reader.Watch.Check();
    }

    private static async Task StartAsync(ManualReader reader)
    {
        var attaching = reader.AttachAsync(marker: 0);
        reader.Read(0, RawMessage.Of(new MessageId(7, 1)), MessageOrder.First);
        await attaching.WithinPatience();
    }
}
