using System.Net.ServerSentEvents;
using System.Threading.Channels;
using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures memory, to the byte where that is possible.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class MemoryTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public void Publish_SharedEvent_AllocatesNothingForEachSubscriber(QueueOverflow overflow)
    {
        var few = Allocated(subscribers: 1, overflow);
        var many = Allocated(subscribers: 1_000, overflow);
        output.WriteLine($"{overflow}: {few} bytes for a publish to 1 subscriber, {many} bytes to 1,000");

        many.Should().Be(few);
    }

    [Fact]
    public async Task Subscribe_TwoHundredThousandOneAfterAnother_ReleaseTheirMemory()
    {
        var publisher = new Publisher();
        await SubscribeAndEndAsync(publisher, 2_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await SubscribeAndEndAsync(publisher, 200_000);

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{left:N0} bytes left of 200,000 subscriptions, {(double)left / 200_000:F3} each");
        left.Should().BeLessThan(400_000, "a live subscription takes 900 bytes, and the limit is 2 bytes for each");
        GC.KeepAlive(publisher);
    }

    [Fact]
    public void Subscribe_TwoHundredThousandAtOnceThenDisposed_ReleaseTheirMemory()
    {
        var publisher = new Publisher();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var held = SubscribeAndDispose(publisher);

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held:N0} bytes held by 200,000 subscriptions ({(double)held / 200_000:F0} each), {left:N0} left");
        left.Should().BeLessThan(400_000, "a live subscription takes 900 bytes, and the limit is 2 bytes for each");
        GC.KeepAlive(publisher);

        static long SubscribeAndDispose(Publisher publisher)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var subscriptions = new List<Subscription<object?>>();
            for (var i = 0; i < 200_000; i++)
                subscriptions.Add(publisher.Subscribe(i % 2 == 0 ? "shared" : $"own {i}"));
            var held = GC.GetTotalMemory(forceFullCollection: true) - before;
            subscriptions.ForEach(subscription => subscription.Dispose());
            return held;
        }
    }

    [Fact]
    public void Publisher_OneHundredThousandThatNothingRefersTo_ReleaseTheirMemory()
    {
        const int publishers = 100_000;
        Create(1_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        Create(publishers);

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{left:N0} bytes left of {publishers:N0} publishers");
        left.Should().BeLessThan(10 * publishers, "a weak reference to each would take more than 30 bytes");

        static void Create(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _ = new Publisher();
                if (i % 10_000 == 9_999)
                    GC.Collect();
            }
        }
    }

    [Fact]
    public async Task CopyToAsync_SharedEvent_IsEncodedOnce()
    {
        const int size = 500_000;
        var publisher = new Publisher();
        var copies = Enumerable.Range(0, 50).Select(_ => publisher.Subscribe().CopyToAsync(new NullPipeWriter())).ToList();
        var before = GC.GetTotalAllocatedBytes(precise: true);

        publisher.Publish(new string('x', size));
        publisher.Close();
        await Task.WhenAll(copies).WaitAsync(Limits.Patience);

        (GC.GetTotalAllocatedBytes(precise: true) - before)
            .Should().BeLessThan(15L * size, "50 separate encodings would take more");
    }

    [Fact]
    public void Dispose_AllButOneOfALargeChannel_ReleasesTheirMemory()
    {
        var publisher = new Publisher();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        SubscribeAndDispose(publisher);

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{left:N0} bytes left with 1 of 200,000 subscriptions");
        left.Should().BeLessThan(400_000, "the limit is 2 bytes for each");
        publisher.GetSubscribers().Should().ContainSingle();

        static void SubscribeAndDispose(Publisher publisher)
        {
            publisher.Subscribe();
            var subscriptions = Enumerable.Range(0, 199_999).Select(_ => publisher.Subscribe()).ToList();
            subscriptions.ForEach(subscription => subscription.Dispose());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void JoinAndLeave_AMillionChannels_LeavesNoMemory(int historyCapacity)
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = historyCapacity });
        var subscription = publisher.Subscribe();
        JoinAndLeave(subscription, 0, 10_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        JoinAndLeave(subscription, 10_000, 1_000_000);

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{left:N0} bytes left of a million channels");
        left.Should().BeLessThan(100_000);
        subscription.Channels.Should().Equal(Publisher.DefaultChannel);
        publisher.GetChannels().Should().Equal(Publisher.DefaultChannel);

        // Joins some at once, so that the tables grow.
        static void JoinAndLeave(Subscription<object?> subscription, int first, int count)
        {
            const int atOnce = 100;
            for (var i = first; i < first + count; i += atOnce)
            {
                var names = Enumerable.Range(i, atOnce).Select(number => $"channel {number}").ToArray();
                subscription.Join(names).Should().BeTrue();
                subscription.Leave(names).Should().BeTrue();
            }
        }
    }

    [Fact]
    public async Task PublishAllAsync_ManySourcesWaitForAStuckReader_LeaveNoMemory()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 1, TimeProvider = new FakeTimeProvider() });
        var stuck = publisher.Subscribe();
        publisher.Publish("fills the queue");
        await PublishAndCancelAsync(1_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await PublishAndCancelAsync(20_000);

        // Late threads of the pool can still hold what the last sources used.
        await Limits.UntilAsync(
            () => GC.GetTotalMemory(forceFullCollection: true) - before < 400_000, "the limit is 20 bytes for each");
        stuck.QueuedEvents.Should().Be(1);

        async Task PublishAndCancelAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var cancellation = new CancellationTokenSource();
                var publishing = publisher.PublishAllAsync(new TestSource<string>(["waits"]), cancellationToken: cancellation.Token);
                await cancellation.CancelAsync();
                await ((Task)publishing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                publishing.IsCanceled.Should().BeTrue();
            }
        }
    }

    [Fact]
    public void Subscribe_IdleSubscriptions_TakeAtMost245BytesEachBesideTheirChannels()
    {
        var publisher = new Publisher();

        // The size of a channel depends on the runtime: 720 bytes with .NET 10, and more with .NET 8.
        var channel = BytesOfEach(static () => Channel.CreateBounded<object>(new PublisherOptions().QueueCapacity));
        var subscription = BytesOfEach(() => publisher.Subscribe());

        output.WriteLine($"{subscription:F0} bytes for each idle subscription, {channel:F0} of them for its channel");
        (subscription - channel).Should().BeLessThan(246);
        GC.KeepAlive(publisher);
    }

    [Fact]
    public void Subscribe_GapEvent_TakesNoMemoryForConflation()
    {
        var plain = new Publisher(new PublisherOptions { QueueOverflow = QueueOverflow.DropOldest });
        var marking = new Publisher(
            new PublisherOptions { QueueOverflow = QueueOverflow.DropOldest, GapEvent = new SseItem<string>("", "gap") });

        var more = BytesOfEach(() => marking.Subscribe()) - BytesOfEach(() => plain.Subscribe());

        output.WriteLine($"{more:F0} bytes more for each idle subscription with a gap event");
        more.Should().BeLessThan(80, "the state of the holes takes 56 bytes, and a dictionary 80 more");
        GC.KeepAlive(plain);
        GC.KeepAlive(marking);
    }

    private static double BytesOfEach(Func<object> create)
    {
        var kept = new object[100_000];
        create();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < kept.Length; i++)
            kept[i] = create();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(kept);
        return (double)bytes / kept.Length;
    }

    private static async Task SubscribeAndEndAsync(Publisher publisher, int count)
    {
        for (var i = 0; i < count; i++)
        {
            ChannelNames channels = (i % 3) switch
            {
                0 => "shared",
                1 => $"own {i}",
                _ => new[] { "shared", $"own {i}" },
            };
            var subscription = publisher.Subscribe(channels, initialData: ["start"]);
            publisher.Publish("x", channels);
            if (i % 2 == 0)
            {
                subscription.Dispose();
                continue;
            }

            await foreach (var _ in subscription)
                break;
        }
    }

    private static double Allocated(int subscribers, QueueOverflow overflow)
    {
        const int warmUp = 200;
        const int publishes = 100;
        var publisher = new Publisher(new PublisherOptions { QueueOverflow = overflow });
        var readers = Enumerable.Range(0, subscribers).Select(_ => publisher.Subscribe().GetAsyncEnumerator()).ToList();
        for (var i = 0; i < warmUp; i++)
            publisher.Publish("x");
        foreach (var reader in readers)
        {
            for (var i = 0; i < warmUp; i++)
                reader.MoveNextAsync().AsTask().Wait(Limits.Patience).Should().BeTrue();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < publishes; i++)
            publisher.Publish("x");
        var after = GC.GetAllocatedBytesForCurrentThread();

        GC.KeepAlive(readers);
        return (double)(after - before) / publishes;
    }
}
