using Microsoft.Coyote.Runtime;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests copies to pipes. A copy writes every event once and in order. One thread at a time uses the writer.</summary>
public sealed class CopyTests(ITestOutputHelper output)
{
    [Fact]
    public void CopyToAsync_PublishAndClose_WritesInitialDataAndEventsInOrder() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var subscription = publisher.Subscribe(initialData: ["initial"]);
        var writer = new CheckedPipeWriter { MayCancelFlushes = true };

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish("2");
            publisher.Publish("3");
            publisher.Close();
        });
        await subscription.CopyToAsync(writer);
        writer.Return();
        await publishing;

        writer.Written.Should().Be(Wire.Events("initial", "1", "2", "3"));
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }, output);

    [Fact]
    public void CopyToAsync_SubscriptionClosed_FlushesEverythingBeforeEnd() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter();

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish("2");
            subscription.Close();
        });
        await subscription.CopyToAsync(writer);
        writer.Return();
        await publishing;

        writer.Flushed.Should().Be(Wire.Events("1", "2"));
    }, output);

    [Fact]
    public void CopyToAsync_LastFlushCanceledByOtherCode_FlushesAgainBeforeEnd() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter { MayCancelFlushes = true };

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            subscription.Close();
        });
        await subscription.CopyToAsync(writer);
        writer.Return();
        await publishing;

        writer.Flushed.Should().Be(Wire.Events("1"));
    }, output);

    [Fact]
    public void CopyToAsync_DisposedAndCanceledDuringFlush_EndsOnceAndLeavesNothingQueued() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var ends = 0;
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter { IsBlocked = true };
        using var cancellation = new CancellationTokenSource();

        var copying = subscription.CopyToAsync(writer, cancellation.Token);
        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish("2");
        });
        var disposing = Task.Run(subscription.Dispose);
        var canceling = Task.Run(cancellation.Cancel);
        try
        {
            await copying;
        }
        catch (OperationCanceledException)
        {
            // The cancellation came before the disposal.
        }

        writer.Return();
        await Task.WhenAll(publishing, disposing, canceling);

        ends.Should().Be(1);
        publisher.GetSubscribers().Should().BeEmpty();
        subscription.QueuedEvents.Should().Be(0);
    }, output);

    [Fact]
    public void CopyToAsync_ThreeCopiesAndTwoPublishers_WriteTheSameEventsInTheSameOrder() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        CheckedPipeWriter[] writers = [new(), new(), new()];
        var copies = Array.ConvertAll(writers, writer => publisher.Subscribe().CopyToAsync(writer));

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish("2");
        });
        await Task.WhenAll(publishing, Task.Run(() => publisher.Publish("3")));
        publisher.Close();
        foreach (var (copy, writer) in copies.Zip(writers))
        {
            await copy;
            writer.Return();
        }

        writers[0].Flushed.Should().BeOneOf(Wire.Events("1", "2", "3"), Wire.Events("1", "3", "2"), Wire.Events("3", "1", "2"));
        writers.Should().OnlyContain(writer => writer.Flushed == writers[0].Flushed);
    }, output);

    [Fact]
    public void CopyToAsync_QueueOverflows_WritesExactlyTheEventsThatWereQueued() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), QueueCapacity = 1 });
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter();

        var copying = subscription.CopyToAsync(writer);
        var sent = await Task.Run(() => Enumerable.Range(1, 4).Sum(number => publisher.Publish(Wire.Data(number))));
        subscription.Close();
        await copying;
        writer.Return();

        writer.Flushed.Should().Be(Wire.Events([.. Enumerable.Range(1, sent).Select(Wire.Data)]));
        subscription.EndReason.Should().Be(sent < 4 ? SubscriptionEndReason.Overflowed : SubscriptionEndReason.Closed);
    }, output);

    [Fact]
    public void CopyToAsync_CanceledDuringEnd_AnnouncesEndOnceBeforeCompletion() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var ends = 0;
        publisher.Unsubscribed += (_, _) =>
        {
            SchedulingPoint.Interleave();
            Interlocked.Increment(ref ends);
        };
        var subscription = publisher.Subscribe();
        var writer = new CheckedPipeWriter { MayComplete = true };
        using var cancellation = new CancellationTokenSource();
        publisher.Publish("1");

        var copying = subscription.CopyToAsync(writer, cancellation.Token);
        var canceling = Task.Run(cancellation.Cancel);
        try
        {
            await copying;
            subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        }
        catch (OperationCanceledException)
        {
            subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        }

        ends.Should().Be(1);
        writer.Return();
        await canceling;
        ends.Should().Be(1);
        publisher.GetSubscribers().Should().BeEmpty();
    }, output);

    [Fact]
    public void CopyToAsync_DisposedAndCanceledDuringStart_EndsOnceBeforeCompletion() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var ends = 0;
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        var subscription = publisher.Subscribe(initialData: ["initial"]);
        var writer = new CheckedPipeWriter { IsBlocked = true };
        using var cancellation = new CancellationTokenSource();

        var disposing = Task.Run(subscription.Dispose);
        var canceling = Task.Run(cancellation.Cancel);
        try
        {
            await subscription.CopyToAsync(writer, cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            // The cancellation came before the disposal.
        }

        writer.Return();
        await disposing;
        await canceling;

        ends.Should().Be(1);
        publisher.GetSubscribers().Should().BeEmpty();
        subscription.QueuedEvents.Should().Be(0);
    }, output);
}
