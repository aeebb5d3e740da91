using System.Runtime.CompilerServices;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests ended subscriptions with events in the queue. The timer ends a copy whose client does not read.</summary>
public sealed class LingerTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(10);

    [Fact]
    public void Close_TimerFiresDuringFlush_FlushesEverythingOrCutsOff() => Schedules.Explore(async () =>
    {
        var (clock, publisher, ends) = NewPublisher();
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter();
        publisher.Publish("1");

        var copying = subscription.CopyToAsync(writer);
        var closing = Task.Run(() =>
        {
            publisher.Publish("2");
            subscription.Close();
        });
        var looking = Task.Run(() => Look(clock, times: 2));
        await copying;
        writer.Return();
        await closing;
        await looking;

        ends.Value.Should().Be(1);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        subscription.QueuedEvents.Should().Be(0);
        if (!subscription.WasCutOff)
            writer.Flushed.Should().Be(Wire.Events("1", "2"));
    }, output);

    [Fact]
    public void Close_TimerFiresDuringDispose_EndsOnceAndLeavesNothingQueued() => Schedules.Explore(async () =>
    {
        var (clock, publisher, ends) = NewPublisher();
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter();
        publisher.Publish("1");

        var copying = subscription.CopyToAsync(writer);
        var closing = Task.Run(subscription.Close);
        var looking = Task.Run(() => Look(clock, times: 2));
        var disposing = Task.Run(subscription.Dispose);
        await copying;
        writer.Return();
        await closing;
        await looking;
        await disposing;

        ends.Value.Should().Be(1);
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
        publisher.GetSubscribers().Should().BeEmpty();
    }, output);

    [Fact]
    public void Close_ClientDoesNotRead_IsCutOffAlthoughTimerStops() => Schedules.Explore(async () =>
    {
        var (clock, publisher, ends) = NewPublisher();
        var quick = publisher.Subscribe();
        var stuck = publisher.Subscribe();
        var writer = new CheckedPipeWriter { IsBlocked = true };
        publisher.Publish("1");
        var copying = stuck.CopyToAsync(writer);

        // After the first subscription has ended, the timer has no work and stops.
        quick.Close();
        quick.Dispose();
        var looking = Task.Run(() => Look(clock, times: 1));
        var closing = Task.Run(stuck.Close);
        await looking;
        await closing;
        // The first timer callback can see progress. The second callback sees none.
        Look(clock, times: 3);
        await copying;
        writer.Return();

        ends.Value.Should().Be(2);
        stuck.WasCutOff.Should().BeTrue();
        stuck.QueuedEvents.Should().Be(0);
        Look(clock, times: 1);
        clock.FireTimers().Should().Be(0, "the timer has nothing to do");
    }, output);

    private static (ScenarioClock Clock, Publisher Publisher, StrongBox<int> Ends) NewPublisher()
    {
        var clock = new ScenarioClock();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = clock, LingerTimeout = LingerTimeout });
        var ends = new StrongBox<int>();
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends.Value);
        return (clock, publisher, ends);
    }

    private static void Look(ScenarioClock clock, int times)
    {
        for (var i = 0; i < times; i++)
        {
            clock.Advance(LingerTimeout);
            clock.FireTimers();
        }
    }
}
