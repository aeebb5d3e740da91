using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class ReadingWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ReadingWatch _watch;

    public ReadingWatchTests() => _watch = new ReadingWatch(_time, Patience);

    [Fact]
    public async Task Look_NothingComesOfWhatIsOwed_IsStuckWhenPatienceIsOver()
    {
        var stuck = _watch.Begin();

        Look(after: TimeSpan.Zero, isOwed: true);
        Look(after: Patience - Moment, isOwed: true);
        var before = stuck.IsCompleted;
        Look(after: Moment, isOwed: true);

        before.Should().BeFalse();
        (await stuck.WithinPatience()).Should().BeOfType<TimeoutException>();
    }

    [Fact]
    public void Look_NobodyWaitsForWhatIsOwedAnyMore_IsStuckAllTheSame()
    {
        var stuck = _watch.Begin();

        Look(after: TimeSpan.Zero, isOwed: true);
        Look(after: Patience, isOwed: false);

        stuck.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Look_NothingIsOwed_IsQuietOncePatienceIsOver()
    {
        var stuck = _watch.Begin();

        Look(after: Patience - Moment, isOwed: false).Should().BeFalse();
        Look(after: Moment, isOwed: false).Should().BeTrue();
        Look(after: Patience - Moment, isOwed: false).Should().BeFalse("it has just been said");
        Look(after: Moment, isOwed: false).Should().BeTrue();

        stuck.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Look_OthersComeBefore_IsAtWork()
    {
        var stuck = _watch.Begin();

        for (var i = 0; i < 10; i++)
        {
            Look(after: Patience - Moment, isOwed: true);
            _watch.BeginMessage();
            _watch.EndMessage();
        }

        Look(after: Patience, isOwed: true);
        stuck.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Look_MessageAtWork_IsNeitherStuckNorLater()
    {
        var stuck = _watch.Begin();

        _watch.BeginMessage();
        Look(after: TimeSpan.Zero, isOwed: true);
        Look(after: 10 * Patience, isOwed: true);
        _watch.EndMessage();
        Look(after: Moment, isOwed: false);
        Look(after: 10 * Patience, isOwed: false);

        stuck.IsCompleted.Should().BeFalse("that one has come, and nothing else is owed");
    }

    [Fact]
    public void Begin_AnotherConnection_HasItsOwnTime()
    {
        _ = _watch.Begin();
        Look(after: TimeSpan.Zero, isOwed: true);
        Look(after: Patience - Moment, isOwed: true);

        var stuck = _watch.Begin();
        Look(after: Moment, isOwed: true);
        Look(after: Patience - Moment, isOwed: true);

        stuck.IsCompleted.Should().BeFalse();
    }

    private bool Look(TimeSpan after, bool isOwed)
    {
        _time.Advance(after);
        return _watch.Look(isOwed);
    }
}
