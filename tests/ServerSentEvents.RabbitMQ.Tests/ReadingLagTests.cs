using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class ReadingLagTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly Outbox _outbox;
    private readonly ReadingLag _lag;

    public ReadingLagTests()
    {
        _outbox = new Outbox(_time, TimeSpan.FromSeconds(10));
        _outbox.SetObstacle(null);
        _outbox.BeginConnection();
        _ = _outbox.BeginReading();
        _lag = new ReadingLag("stream", _time, _outbox);
    }

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public void Seconds_CaughtUp_AreTheAgeOfTheNewestMessageWhenItCame()
    {
        _lag.HasRead(0.25);
        _lag.EndMessage();
        _lag.SetCaughtUp();

        _time.Advance(TimeSpan.FromSeconds(7));

        _lag.Seconds.Should().Be(0.25);
    }

    [Fact]
    public void Seconds_MessageAtWork_Grow()
    {
        _lag.SetCaughtUp();
        _lag.HasRead(0.25);

        _time.Advance(TimeSpan.FromSeconds(7));

        _lag.Seconds.Should().Be(7.25);
    }

    [Fact]
    public void Seconds_Away_GrowUntilItHasCaughtUpAgain()
    {
        _lag.SetCaughtUp();
        _lag.SetAway();
        _time.Advance(TimeSpan.FromSeconds(3));
        _lag.SetAway();
        _time.Advance(TimeSpan.FromSeconds(4));
        _lag.Seconds.Should().Be(7);

        _lag.HasRead(9);
        _lag.Seconds.Should().Be(9, "that is how old what comes is");
        _lag.HasRead(0.5);
        _lag.SetCaughtUp();
        _lag.Seconds.Should().Be(0.5);
    }

    [Fact]
    public void Seconds_WhatIsConfirmedDoesNotCome_Grow()
    {
        _lag.SetCaughtUp();
        _outbox.Add(new OutgoingItem(encoded: null, markerEpoch: 7, _time.GetTimestamp()));
        _outbox.TryTake(out _);
        _outbox.Confirm(1, all: false);

        for (var i = 0; i < 5; i++)
            _time.Advance(TimeSpan.FromSeconds(1));

        _lag.Seconds.Should().Be(4, "it looks once a second, since the first time that it saw it");
    }
}
