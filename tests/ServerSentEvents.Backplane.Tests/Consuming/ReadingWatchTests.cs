using ServerSentEvents.Backplane.Internal.Consuming;

namespace ServerSentEvents.Backplane.Tests.Consuming;

public sealed class ReadingWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ReadingWatch _watch;

    public ReadingWatchTests() => _watch = new ReadingWatch(_time, Patience);

    [Fact]
    public async Task Check_ExpectedMessageDoesNotCome_IsStuckAfterThePatience()
    {
        var stuck = _watch.Begin();
        _watch.Expect(1);

        CheckAfter(Patience - Moment);
        var before = stuck.IsCompleted;
        _watch.Waiting.Should().Be(Patience - Moment);
        CheckAfter(Moment);

        before.Should().BeFalse();
        (await stuck.WithinPatience()).Should().BeOfType<TimeoutException>()
            .Which.Message.Should().Be("Nothing has been read for 00:00:30, although the stream has more.");
    }

    [Fact]
    public void Check_MoreIsExpected_CountsFromTheFirst()
    {
        var stuck = _watch.Begin();
        _watch.Expect(1);
        CheckAfter(Patience / 2);
        _watch.Expect(2);
        CheckAfter(Patience / 2);

        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Check_NothingIsExpected_IsNotStuck()
    {
        var stuck = _watch.Begin();
        CheckAfter(Patience * 10);
        _watch.Expect(3);
        Read(3);
        _watch.Expect(2);
        CheckAfter(Patience * 10);

        stuck.IsCompleted.Should().BeFalse();
        _watch.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Check_ReadBeforeItIsConfirmed_IsNotStuck()
    {
        var stuck = _watch.Begin();
        Read(1);
        _watch.Expect(1);
        CheckAfter(Patience * 10);

        stuck.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Check_OtherMessagesCome_IsNotStuck()
    {
        var stuck = _watch.Begin();
        _watch.Expect(1);

        for (var number = 0; number < 10; number++)
        {
            CheckAfter(Patience - Moment);
            Read(sequence: 0);
        }

        stuck.IsCompleted.Should().BeFalse("the reader works off what was before");
        CheckAfter(Patience);
        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Check_MessageIsBeingDelivered_IsNotStuck()
    {
        var stuck = _watch.Begin();
        _watch.Expect(1);
        _watch.BeginMessage();
        _watch.Expect(2);
        CheckAfter(Patience * 10);
        stuck.IsCompleted.Should().BeFalse("the application takes its time");

        _watch.EndMessage(1);
        CheckAfter(Patience - Moment);
        stuck.IsCompleted.Should().BeFalse("the next one has its own time");
        CheckAfter(Moment);
        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Begin_AnotherConnection_HasItsOwnTimeAndExpectsTheSame()
    {
        var first = _watch.Begin();
        _watch.Expect(1);
        CheckAfter(Patience - Moment);

        var second = _watch.Begin();
        CheckAfter(Patience - Moment);
        second.IsCompleted.Should().BeFalse();
        CheckAfter(Moment);

        second.IsCompleted.Should().BeTrue();
        first.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Begin_LostWhileDelivering_WatchesTheNextConnection()
    {
        _ = _watch.Begin();
        _watch.Expect(1);
        _watch.BeginMessage();

        var stuck = _watch.Begin();
        CheckAfter(Patience);

        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Begin_MarkerOfTheLastConnectionDidNotCome_ExpectsNothing()
    {
        _ = _watch.Begin();
        _watch.SetMarkerAwaited(true);

        var stuck = _watch.Begin();
        CheckAfter(ReadingWatch.MarkerPatience);

        stuck.IsCompleted.Should().BeFalse("the next marker is not in the stream yet");
    }

    [Fact]
    public void ExpectNothing_MessageInAStreamThatIsGone_IsNotStuck()
    {
        var stuck = _watch.Begin();
        _watch.Expect(5);
        _watch.ExpectNothing();
        CheckAfter(Patience * 10);
        Read(sequence: 0);
        CheckAfter(Patience * 10);

        stuck.IsCompleted.Should().BeFalse();
        _watch.Expect(6);
        CheckAfter(Patience);
        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void ExpectNothing_MessageIsConfirmedLater_IsNotMissing()
    {
        var stuck = _watch.Begin();
        _watch.BeginSending(5);
        _watch.ExpectNothing();
        _watch.Expect(5);
        CheckAfter(Patience * 10);

        stuck.IsCompleted.Should().BeFalse();
        _watch.IsMissing(5).Should().BeFalse();
        _watch.IsMissing(6).Should().BeTrue();
    }

    private void Read(ulong sequence)
    {
        _watch.BeginMessage();
        _watch.EndMessage(sequence);
    }

    private void CheckAfter(TimeSpan time)
    {
        _time.Advance(time);
        _watch.Check();
    }
}
