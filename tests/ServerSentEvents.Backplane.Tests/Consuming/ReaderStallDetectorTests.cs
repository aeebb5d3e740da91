using ServerSentEvents.Backplane.Internal.Consuming;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests when a reader counts as stalled, with a detector alone.</summary>
public sealed class ReaderStallDetectorTests
{
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ReaderStallDetector _detector;

    public ReaderStallDetectorTests() => _detector = new ReaderStallDetector(_time, StallTimeout);

    [Fact]
    public async Task Check_ExpectedMessageDoesNotCome_IsStalledAfterTheTimeout()
    {
        var stalled = BeginAfterMarker();
        Expect(1);

        CheckAfter(StallTimeout - Moment);
        var before = stalled.IsCompleted;
        _detector.Waiting.Should().Be(StallTimeout - Moment);
        CheckAfter(Moment);

        before.Should().BeFalse();
        (await stalled.WithinPatience()).Should().BeOfType<TimeoutException>()
            .Which.Message.Should().Be("Nothing has been read for 00:00:30, although the stream has more.");
    }

    [Fact]
    public void Check_MoreIsExpected_CountsFromTheFirst()
    {
        var stalled = BeginAfterMarker();
        Expect(1);
        CheckAfter(StallTimeout / 2);
        Expect(2);
        CheckAfter(StallTimeout / 2);

        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Check_NothingIsExpected_IsNotStalled()
    {
        var stalled = BeginAfterMarker();
        CheckAfter(StallTimeout * 10);
        Expect(3);
        Read(3);
        Expect(2);
        CheckAfter(StallTimeout * 10);

        stalled.IsCompleted.Should().BeFalse();
        _detector.Waiting.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Check_ReadBeforeItIsConfirmed_IsNotStalled()
    {
        var stalled = BeginAfterMarker();
        Read(1);
        Expect(1);
        CheckAfter(StallTimeout * 10);

        stalled.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Check_OtherMessagesCome_IsNotStalled()
    {
        var stalled = BeginAfterMarker();
        Expect(1);

        for (var number = 0; number < 10; number++)
        {
            CheckAfter(StallTimeout - Moment);
            Read(sequence: 0);
        }

        stalled.IsCompleted.Should().BeFalse("the reader works off what was before");
        CheckAfter(StallTimeout);
        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Check_MessageIsBeingDelivered_IsNotStalled()
    {
        var stalled = BeginAfterMarker();
        Expect(1);
        _detector.BeginMessage();
        Expect(2);
        CheckAfter(StallTimeout * 10);
        stalled.IsCompleted.Should().BeFalse("the application takes its time");

        _detector.EndMessage(1);
        CheckAfter(StallTimeout - Moment);
        stalled.IsCompleted.Should().BeFalse("the next one has its own time");
        CheckAfter(Moment);
        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Begin_AnotherConnection_HasItsOwnTimeAndExpectsTheSame()
    {
        var first = BeginAfterMarker();
        Expect(1);
        CheckAfter(StallTimeout - Moment);

        var second = BeginAfterMarker();
        CheckAfter(StallTimeout - Moment);
        second.IsCompleted.Should().BeFalse();
        CheckAfter(Moment);

        second.IsCompleted.Should().BeTrue();
        first.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Begin_LostWhileDelivering_WatchesTheNextConnection()
    {
        _ = BeginAfterMarker();
        Expect(1);
        _detector.BeginMessage();

        var stalled = BeginAfterMarker();
        CheckAfter(StallTimeout);

        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Begin_MessageIsExpectedAndTheMarkerComesSlowly_IsStalledAfterTheLongerTimeout()
    {
        Expect(1);
        var stalled = _detector.Begin();

        CheckAfter(StallTimeout + TimeSpan.FromSeconds(1));
        stalled.IsCompleted.Should().BeFalse("the broker has not taken the marker yet");
        CheckAfter(ReaderStallDetector.MarkerTimeout - StallTimeout);
        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void ExpectNothing_MessageInAStreamThatIsGone_IsNotStalled()
    {
        var stalled = BeginAfterMarker();
        Expect(5);
        _detector.ExpectNothing();
        CheckAfter(StallTimeout * 10);
        Read(sequence: 0);
        CheckAfter(StallTimeout * 10);

        stalled.IsCompleted.Should().BeFalse();
        Expect(6);
        CheckAfter(StallTimeout);
        stalled.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void ExpectNothing_MessageIsConfirmedLater_IsNotMissing()
    {
        var stalled = BeginAfterMarker();
        _detector.BeginSending(5);
        _detector.ExpectNothing();
        Expect(5);
        CheckAfter(StallTimeout * 10);

        stalled.IsCompleted.Should().BeFalse();
        _ = BeginAfterMarker();
        _detector.IsMissing(current: 0).Should().BeFalse();
        Expect(6);
        _detector.IsMissing(current: 0).Should().BeFalse("it was confirmed after the connection began");
        _ = BeginAfterMarker();
        _detector.IsMissing(current: 0).Should().BeTrue();
        _detector.IsMissing(current: 6).Should().BeFalse();
    }

    [Fact]
    public void Call_ReadsTheClock_HoldsNoLock()
    {
        var (clock, entered) = (new CallbackTime(_time), 0);
        var detector = new ReaderStallDetector(clock, StallTimeout);
        clock.Read = () => entered += CallbackTime.IsFree(detector.ExpectNothing) ? 1 : 0;

        Action[] calls =
        [
            () => _ = detector.Begin(), () => detector.SetMarkerAwaited(true), () => detector.EndMessage(0),
            () => detector.Waiting.Should().Be(TimeSpan.Zero), detector.Check,
        ];
        foreach (var call in calls)
            call();

        entered.Should().Be(calls.Length);
    }

    [Fact]
    public void Expect_AnyMessage_DoesNotReadTheClock()
    {
        var clock = new CallbackTime(_time);
        var detector = new ReaderStallDetector(clock, StallTimeout);
        clock.ThrowOnce();

        detector.Invoking(each => each.Expect(1)).Should().NotThrow();
    }

    /// <summary>Expects a message, and starts the wait for it.</summary>
    private void Expect(ulong sequence)
    {
        _detector.Expect(sequence);
        _detector.Check();
    }

    /// <summary>Starts to watch a connection whose marker was read.</summary>
    private Task<Exception> BeginAfterMarker()
    {
        var stalled = _detector.Begin();
        _detector.SetMarkerAwaited(false);
        return stalled;
    }

    private void Read(ulong sequence)
    {
        _detector.BeginMessage();
        _detector.EndMessage(sequence);
    }

    private void CheckAfter(TimeSpan time)
    {
        _time.Advance(time);
        _detector.Check();
    }
}
