using System.Net.ServerSentEvents;
using System.Text;
using Microsoft.Coyote.Runtime;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests the begin and the end of subscriptions. The publisher announces each once and in this order.</summary>
public sealed class SubscriptionTests(ITestOutputHelper output)
{
    [Fact]
    public void Subscribe_EndedBySeveralThreads_AnnouncesBeginAndEndOnce() => Schedules.Explore(async () =>
    {
        var (begins, ends, endedBeforeBegin) = (0, 0, false);
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), QueueCapacity = 1 });
        publisher.Subscribed += (_, _) =>
        {
            SchedulingPoint.Interleave();
            Interlocked.Increment(ref begins);
        };
        publisher.Unsubscribed += (_, _) =>
        {
            endedBeforeBegin |= Volatile.Read(ref begins) == 0;
            Interlocked.Increment(ref ends);
        };

        var subscribing = Task.Run(() => publisher.Subscribe(initialData: ["initial"]));
        var disposing = Task.Run(() =>
        {
            foreach (var found in publisher.GetSubscribers())
                found.Dispose();
        });
        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish("2");
        });
        var closing = Task.Run(publisher.Close);
        await Task.WhenAll(subscribing, disposing, publishing, closing);
        publisher.Close();

        begins.Should().Be(1);
        ends.Should().Be(1);
        endedBeforeBegin.Should().BeFalse();
    }, output);

    [Fact]
    public void Dispose_DuringLoad_IsNoOverflow() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var loading = new TaskCompletionSource<IEnumerable<SseItem<string>>>();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { LoadInitialData = _ => new(loading.Task) });

        var reading = Task.Run(async () =>
        {
            await foreach (var text in subscription)
                text.Should().StartWith(":");
        });
        var disposing = Task.Run(subscription.Dispose);
        await Task.WhenAll(reading, disposing);
        loading.SetResult([]);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }, output);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_HeartbeatsDuringTheEndOfALoad_ReaderGetsItsEvents(bool isCopied) => Schedules.Explore(async () =>
    {
        var interval = TimeSpan.FromSeconds(15);
        var clock = new ScenarioClock();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = clock, HeartbeatInterval = interval });
        var loading = new TaskCompletionSource<IEnumerable<SseItem<string>>>();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { LoadInitialData = _ => new(loading.Task) });
        var writer = new CheckedPipeWriter();
        var text = new StringBuilder();

        var reading = isCopied ? subscription.CopyToAsync(writer) : Task.Run(ReadAsync);
        var beating = Task.Run(() =>
        {
            for (var heartbeat = 0; heartbeat < 2; heartbeat++)
            {
                clock.Advance(interval);
                clock.FireTimers();
            }
        });
        var ending = Task.Run(() => loading.SetResult([new("state")]));
        await beating;
        await ending;
        publisher.Close();
        await reading;

        (isCopied ? writer.Flushed : text.ToString()).Replace(":\n", "", StringComparison.Ordinal).Should().Be(Wire.Events("state"));

        async Task ReadAsync()
        {
            await foreach (var part in subscription)
                text.Append(part);
        }
    }, output);

    [Theory]
    [InlineData("disconnect", SubscriptionEndReason.Unsubscribed)]
    [InlineData("cancel", SubscriptionEndReason.Canceled)]
    public void Read_SubscriptionEndsAtOnce_ReaderGetsTheReasonWithTheEnd(string way, SubscriptionEndReason reason) => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var subscription = publisher.Subscribe(initialData: ["initial"]);
        using var cancellation = new CancellationTokenSource();
        SubscriptionEndReason? seen = null;

        var reading = Task.Run(async () =>
        {
            await using var reader = subscription.GetAsyncEnumerator(cancellation.Token);
            try
            {
                while (await reader.MoveNextAsync())
                    SchedulingPoint.Interleave();
            }
            catch (OperationCanceledException)
            {
                // The token's end of the stream.
            }

            seen = subscription.EndReason;
        });
        var ending = Task.Run(() =>
        {
            if (way == "cancel")
                cancellation.Cancel();
            else
                publisher.Disconnect(_ => true);
        });
        await Task.WhenAll(reading, ending);

        seen.Should().Be(reason);
        subscription.EndReason.Should().Be(reason);
    }, output);

    [Fact]
    public void Dispose_DuringSubscribe_LeavesNoInitialDataQueued() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });

        var subscribing = Task.Run(() => publisher.Subscribe(initialData: ["initial"]));
        var disposing = Task.Run(() =>
        {
            foreach (var found in publisher.GetSubscribers())
                found.Dispose();
        });
        await Task.WhenAll(subscribing, disposing);
        var subscription = await subscribing;

        if (subscription.EndReason is not null)
            subscription.QueuedEvents.Should().Be(0);
    }, output);

    [Fact]
    public void Dispose_HandlersPublish_ThrowsOnlyAfterLastHandler() => Schedules.Explore(async () =>
    {
        var (begun, ended) = (0, 0);
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        publisher.Subscribed += (_, _) => Interlocked.Increment(ref begun);
        publisher.Unsubscribed += (_, _) =>
        {
            publisher.Publish("left");
            publisher.Publish(_ => "left");
            Interlocked.Increment(ref ended);
        };
        var first = publisher.Subscribe();
        publisher.Subscribe();

        var disposing = Task.Run(publisher.Dispose);
        var leaving = Task.Run(first.Dispose);
        var publishing = Task.Run(() => Publish(publisher));
        var subscribing = Task.Run(() => TrySubscribe(publisher));
        if (!await publishing)
            ended.Should().Be(begun, "publishing throws only after all subscriptions have ended");
        await subscribing;
        await leaving;
        await disposing;

        ended.Should().Be(begun);
        Publish(publisher).Should().BeFalse();
        TrySubscribe(publisher).Should().BeFalse();
    }, output);

    private static bool Publish(Publisher publisher)
    {
        try
        {
            publisher.Publish("1");
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private static bool TrySubscribe(Publisher publisher)
    {
        try
        {
            publisher.Subscribe();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
