using ServerSentEvents.Backplane.Internal.Diagnostics;

namespace ServerSentEvents.Backplane.Tests.Diagnostics;

/// <summary>Tests the lag of a node in each of its states.</summary>
public sealed class ReadingLagTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ReadingLag _lag;
    private TimeSpan _waiting;

    public ReadingLagTests() => _lag = new("broker", "stream", _time, () => _waiting);

    [Fact]
    public void Seconds_NotYetCaughtUp_GrowFromTheStart()
    {
        AdvanceSeconds(7);

        _lag.Seconds.Should().Be(7);
    }

    [Fact]
    public void Seconds_CaughtUp_AreTheAgeOfTheNewestMessageWhenItCame()
    {
        _lag.SetCaughtUp(true);
        _lag.BeginDelivery(0.25);
        _lag.EndDelivery();

        AdvanceSeconds(7);

        _lag.Seconds.Should().Be(0.25);
    }

    [Fact]
    public void Seconds_MessageIsBeingDelivered_Grow()
    {
        _lag.SetCaughtUp(true);
        _lag.BeginDelivery(0.25);

        AdvanceSeconds(7);

        _lag.Seconds.Should().Be(7.25);
    }

    [Fact]
    public void Seconds_Away_GrowUntilTheNodeHasCaughtUpAgain()
    {
        _lag.SetCaughtUp(true);
        _lag.SetCaughtUp(false);
        AdvanceSeconds(3);
        _lag.SetCaughtUp(false);
        AdvanceSeconds(4);
        _lag.Seconds.Should().Be(7, "a second failure does not start the time again");

        _lag.BeginDelivery(9);
        _lag.Seconds.Should().Be(9, "so old is the message that comes");
        _lag.BeginDelivery(0.5);
        _lag.EndDelivery();
        _lag.Seconds.Should().Be(7);
        _lag.SetCaughtUp(true);
        _lag.Seconds.Should().Be(0.5);
    }

    [Fact]
    public void Seconds_ExpectedMessageDoesNotCome_AreTheTimeOfTheWait()
    {
        _lag.SetCaughtUp(true);
        _waiting = TimeSpan.FromSeconds(4);

        _lag.Seconds.Should().Be(4);
    }

    private void AdvanceSeconds(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
