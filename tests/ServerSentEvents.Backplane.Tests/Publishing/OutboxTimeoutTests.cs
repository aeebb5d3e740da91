using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Backplane.Internal.Publishing;

namespace ServerSentEvents.Backplane.Tests.Publishing;

/// <summary>Tests the times after which an item fails, and after which a connection is given up.</summary>
public sealed class OutboxTimeoutTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Outbox _outbox;

    public OutboxTimeoutTests() => _outbox = new Outbox(_time, Timeout);

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public async Task Timeout_NotSent_SaysSoWithTheReason()
    {
        var first = Add(_outbox);
        Advance(Timeout);
        _outbox.Obstacle = "the moon is full";
        var second = Add(_outbox);
        Advance(Timeout);

        (await FailureOf(first)).Message.Should().Be(
            "Not published within the PublishTimeout of 00:00:10: the broker has not been reached yet.");
        (await FailureOf(second)).Message.Should().Be(
            "Not published within the PublishTimeout of 00:00:10: the moon is full.");
        _outbox.Take().Should().BeNull("it must not be published later");
    }

    [Fact]
    public async Task Timeout_Sent_SaysThatItMayHaveBeenPublished()
    {
        Connect(_outbox);
        var first = Add(_outbox);
        _outbox.Take();
        Advance(Timeout);
        _outbox.Obstacle = "the moon is full";
        var second = Add(_outbox);
        _outbox.Take();
        Advance(Timeout);

        (await FailureOf(first)).Message.Should().Be(
            "Sent, but not confirmed within the PublishTimeout of 00:00:10: the broker has not confirmed what was "
            + "sent before. It may have been published.");
        (await FailureOf(second)).Message.Should().Be(
            "Sent, but not confirmed within the PublishTimeout of 00:00:10: the moon is full. It may have been published.");
    }

    [Fact]
    public async Task Timeout_WaitsForRetransmission_SaysThatItMayHaveBeenPublished()
    {
        Connect(_outbox);
        var item = Add(_outbox);
        _outbox.Take();
        _outbox.BeginConnection();
        _outbox.Obstacle = "the moon is full";
        Advance(Timeout);

        (await FailureOf(item)).Message.Should().EndWith("the moon is full. It may have been published.");
        _outbox.Take().Should().BeNull("it is not wanted anymore");
    }

    [Fact]
    public void Timeout_BetweenTwoChecks_ComesAtMostATenthLater()
    {
        _time.Advance(Timeout / 20);
        var item = Add(_outbox);

        _time.Advance(Timeout - TimeSpan.FromMilliseconds(1));
        item.IsSettled.Should().BeFalse();
        _time.Advance((Timeout / 10) + TimeSpan.FromMilliseconds(1));

        item.IsSettled.Should().BeTrue();
    }

    [Fact]
    public async Task Timeout_OfAMillisecondAfterTheFirstCheck_IsKept()
    {
        // A timer of the system takes whole milliseconds.
        using var outbox = new Outbox(TimeProvider.System, TimeSpan.FromMilliseconds(1));
        await outbox.Changed.WaitAsync(default).WithinPatience();

        await FailureOf(Add(outbox));
    }

    [Fact]
    public async Task Timeout_ItemsOfOneMessage_FailEachAtItsTime()
    {
        Connect(_outbox);
        var early = Add(_outbox);
        Advance(Timeout / 2);
        var late = Add(_outbox);
        _outbox.Take().Should().NotBeNull();

        Advance(Timeout / 2);
        await FailureOf(early);
        late.IsSettled.Should().BeFalse();
        _outbox.BeginConnection();
        _outbox.Take().Should().NotBeNull("one of them is still wanted");
        Advance(Timeout / 2);

        await FailureOf(late);
        _outbox.BeginConnection();
        _outbox.HasUnconfirmed.Should().BeFalse();
        _outbox.Take().Should().BeNull("none of them is wanted anymore");
    }

    [Fact]
    public async Task Confirm_AfterTheTimeout_IsTakenAndChangesNothing()
    {
        Connect(_outbox);
        var item = Add(_outbox);
        _outbox.Take();
        Advance(Timeout);

        _outbox.Confirm(1, all: false).Should().Be((1, 1UL));

        await FailureOf(item);
        _outbox.HasUnconfirmed.Should().BeFalse();
        _outbox.BeginConnection();
        _outbox.Take().Should().BeNull();
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(30, 30)]
    [InlineData(3_600, 30)]
    public void IsStalled_NothingIsConfirmed_AfterTheTimeoutFromFiveToThirtySeconds(int timeout, int expected)
    {
        using var outbox = new Outbox(_time, TimeSpan.FromSeconds(timeout));
        Connect(outbox);
        Add(outbox);
        outbox.Take().Should().NotBeNull();

        Advance(TimeSpan.FromSeconds(expected - 1));
        outbox.IsStalled.Should().BeFalse();
        Advance(TimeSpan.FromSeconds(1 + (Math.Min(timeout, 30) / 10.0)));
        outbox.IsStalled.Should().BeTrue();
        outbox.StallTimeout.Should().Be(TimeSpan.FromSeconds(expected));
        outbox.BeginConnection();
        outbox.IsStalled.Should().BeFalse("another connection has its own time");
    }

    [Fact]
    public void IsStalled_BrokerConfirmsOneAfterTheOther_IsFalse()
    {
        Connect(_outbox);
        Add(_outbox);
        _outbox.Take();
        for (var number = 1; number < 20; number++)
        {
            Add(_outbox);
            _outbox.Take();
            Advance(Timeout * 0.4);
            _outbox.Confirm(number, all: false);
        }

        _outbox.IsStalled.Should().BeFalse();
    }

    [Fact]
    public void IsStalled_ConfirmationComesLate_IsFalseAgain()
    {
        Connect(_outbox);
        Add(_outbox);
        _outbox.Take();
        Advance(Timeout * 1.2);
        _outbox.IsStalled.Should().BeTrue();

        _outbox.Confirm(1, all: false);

        _outbox.IsStalled.Should().BeFalse("the broker answers");
    }

    [Fact]
    public void IsStalled_BrokerBlocks_CountsFromTheEndOfTheBlock()
    {
        Connect(_outbox);
        Add(_outbox);
        _outbox.Take();
        _outbox.Obstacle = "the broker blocks publishers";
        Advance(Timeout * 3);
        _outbox.IsStalled.Should().BeFalse();

        _outbox.Obstacle = null;
        Advance(Timeout * 0.9);
        _outbox.IsStalled.Should().BeFalse();
        Advance(Timeout * 0.2);
        _outbox.IsStalled.Should().BeTrue();
    }

    [Fact]
    public void IsStalled_ObstacleSetToNullAgain_CountsFromTheSending()
    {
        Connect(_outbox);
        Add(_outbox);
        _outbox.Take();
        Advance(Timeout * 0.9);

        _outbox.Obstacle = null;
        Advance(Timeout * 0.2);

        _outbox.IsStalled.Should().BeTrue();
    }

    [Fact]
    public void Obstacle_SetToAReason_DoesNotReadTheClock()
    {
        var clock = new CallbackTime(_time);
        using var outbox = new Outbox(clock, Timeout);
        clock.ThrowOnce();

        outbox.Obstacle = "there is no connection";

        outbox.Obstacle.Should().Be("there is no connection");
    }

    private static void Connect(Outbox outbox)
    {
        outbox.Obstacle = null;
        outbox.BeginConnection();
    }

    private static OutgoingItem Add(Outbox outbox) => outbox.Add(ItemFormat.EncodeEvent(new SseItem<string>("a"), default));

    private static async Task<TimeoutException> FailureOf(OutgoingItem item) =>
        (await item.Confirmed.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>()).Which;

    /// <summary>Advances the clock in steps, so that a timer is called in each of its periods.</summary>
    private void Advance(TimeSpan duration)
    {
        for (var step = 0; step < 100; step++)
            _time.Advance(duration / 100);
    }
}
