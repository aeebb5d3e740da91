using ServerSentEvents.Backplane.Internal.Consuming;

namespace ServerSentEvents.Backplane.Tests.Consuming;

public sealed class ReadingLagTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ReadingWatch _watch;
    private readonly ReadingLag _lag;

    public ReadingLagTests()
    {
        _watch = new ReadingWatch(_time, TimeSpan.FromSeconds(30));
        _lag = new ReadingLag("broker", "stream", _time, _watch);
    }

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
    public void Seconds_ExpectedMessageDoesNotCome_Grow()
    {
        _lag.SetCaughtUp(true);
        _watch.Expect(1);

        AdvanceSeconds(4);

        _lag.Seconds.Should().Be(4);
    }

    private void AdvanceSeconds(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
