namespace ServerSentEvents.Tests;

/// <summary>Tests that a full queue affects only its own subscriber, as <see cref="QueueOverflow"/> says.</summary>
public sealed class OverflowTests
{
    [Fact]
    public async Task Disconnect_FullQueue_DeliversTheQueueAndEnds()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect);
        var slow = publisher.Subscribe();
        var quick = publisher.Subscribe(new SubscribeOptions<object?> { QueueCapacity = 10 });

        Publish(publisher, 4).Should().Equal(2, 2, 1, 1);
        publisher.Close();

        slow.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        slow.DroppedEvents.Should().Be(0);
        (await slow.ToArrayAsync()).Should().Equal(Text(1, 2));
        (await quick.ToArrayAsync()).Should().Equal(Text(1, 2, 3, 4));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a", "b")]
    public void Disconnect_ManyOverflowAtOnce_EndsExactlyThoseAndSendsToTheOthersOnce(params string[] channels)
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect);
        var subscriptions = Enumerable.Range(0, 100)
            .Select(i => publisher.Subscribe(
                new SubscribeOptions<object?> { Channels = channels, QueueCapacity = i % 2 == 0 ? 1 : 9 }))
            .ToList();

        publisher.Publish("1", "a").Should().Be(100);
        publisher.Publish("2", channels).Should().Be(50);

        var others = subscriptions.Where((_, i) => i % 2 == 1).ToList();
        others.Should().OnlyContain(subscription => subscription.QueuedEvents == 2);
        foreach (var channel in channels)
            publisher.GetSubscribers(channel).Should().BeEquivalentTo(others);
    }

    [Fact]
    public async Task DropOldest_FullQueue_KeepsTheNewestAndCountsDrops()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest);
        var slow = publisher.Subscribe();

        Publish(publisher, 5).Should().Equal(1, 1, 1, 1, 1);
        publisher.Close();

        slow.DroppedEvents.Should().Be(3);
        (await slow.ToArrayAsync()).Should().Equal(Text(4, 5));
        slow.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task DropNewest_FullQueue_KeepsTheOldestAndCountsDrops()
    {
        var publisher = NewPublisher(QueueOverflow.DropNewest);
        var slow = publisher.Subscribe();

        Publish(publisher, 5).Should().Equal(1, 1, 0, 0, 0);
        publisher.Close();

        slow.DroppedEvents.Should().Be(3);
        (await slow.ToArrayAsync()).Should().Equal(Text(1, 2));
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect, 1, 2)]
    [InlineData(QueueOverflow.DropOldest, 2, 1)]
    [InlineData(QueueOverflow.DropNewest, 1, 2)]
    public async Task InitialData_MoreThanTheCapacity_IsNotCountedAndNotDropped(QueueOverflow overflow, params int[] left)
    {
        var publisher = NewPublisher(overflow);
        var subscription = publisher.Subscribe(initialData: ["a", "b", "c", "d", "e"]);

        Publish(publisher, 2).Should().Equal(1, 1);
        subscription.QueuedEvents.Should().Be(7);
        Publish(publisher, 1);
        publisher.Close();

        string[] initial = [.. "abcde".Select(letter => $"data: {letter}\n\n")];
        var read = await subscription.ToArrayAsync();
        read.Take(5).Should().Equal(initial);
        read.Skip(5).Should().Equal(Text(left));
    }

    [Fact]
    public async Task InitialData_PartlyRead_DoesNotChangeTheCapacity()
    {
        var publisher = NewPublisher(QueueOverflow.DropNewest);
        var subscription = publisher.Subscribe(initialData: ["a", "b", "c"]);
        await using var reader = subscription.GetAsyncEnumerator();
        await reader.NextAsync();

        Publish(publisher, 3).Should().Equal(1, 1, 0);

        subscription.QueuedEvents.Should().Be(4);
        subscription.DroppedEvents.Should().Be(1);
    }

    [Fact]
    public void QueueCapacity_MaxValue_IsUnlimited()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = int.MaxValue });
        var subscription = publisher.Subscribe();

        for (var i = 0; i < 100_000; i++)
            publisher.Publish("x");

        subscription.QueuedEvents.Should().Be(100_000);
        subscription.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task Subscribe_NeverRead_EndsByOverflowAndIsReleased()
    {
        using var publisher = new Publisher();
        var forgotten = Forget(publisher);

        for (var i = 0; i <= 8192; i++)
            publisher.Publish("x");

        publisher.GetSubscribers().Should().BeEmpty();
        await new[] { forgotten }.ShouldBecomeGarbageAsync();
        GC.KeepAlive(publisher);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Forget(Publisher publisher) => new(publisher.Subscribe());
    }

    private static Publisher NewPublisher(QueueOverflow overflow) =>
        new(new PublisherOptions { QueueCapacity = 2, QueueOverflow = overflow });

    private static List<int> Publish(Publisher publisher, int count) =>
        [.. Enumerable.Range(1, count).Select(i => publisher.Publish($"{i}"))];

    private static IEnumerable<string> Text(params int[] numbers) => numbers.Select(number => $"data: {number}\n\n");
}
