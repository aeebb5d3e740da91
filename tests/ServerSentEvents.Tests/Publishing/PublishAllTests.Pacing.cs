namespace ServerSentEvents.Tests;

/// <content>Tests when a source waits for its subscribers, and for how long.</content>
public sealed partial class PublishAllTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(5, 3)]
    [InlineData(100, 51)]
    public async Task PublishAllAsync_MoreThanHalfOfTheQueueIsFilled_WaitsUntilTheReaderMakesRoom(int capacity, int most)
    {
        var subscription = Subscribe(capacity);
        var reader = subscription.GetAsyncEnumerator();
        var source = Numbers(200);

        var publishing = _publisher.PublishAllAsync(source);

        for (var read = 0; read + most < 200; read++)
        {
            await Limits.UntilAsync(() => source.Pulled == read + most + 1);
            subscription.QueuedEvents.Should().Be(most);
            publishing.IsCompleted.Should().BeFalse();
            await reader.NextAsync();
        }

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(200);
        _time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_MoreThanHalfOfTheBytesIsUsed_WaitsUntilTheReaderMakesRoom()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { QueueCapacityBytes = 1_000 });
        var reader = subscription.GetAsyncEnumerator();
        var source = new TestSource<string>(Enumerable.Repeat(new string('x', 200 - "data: \n\n".Length), 10));

        var publishing = _publisher.PublishAllAsync(source);

        await Limits.UntilAsync(() => source.Pulled == 4);
        subscription.QueuedBytes.Should().Be(600);
        await reader.NextAsync();
        await Limits.UntilAsync(() => source.Pulled == 5);
        subscription.QueuedBytes.Should().Be(600);
        publishing.IsCompleted.Should().BeFalse();
        subscription.Dispose();
        await publishing.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task PublishAllAsync_LargeEventThatDoesNotFit_WaitsUntilItDoes()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { QueueCapacityBytes = 1_000 });
        var reader = subscription.GetAsyncEnumerator();
        var source = new TestSource<string>([new string('x', 300), new string('x', 800), "end"]);

        var publishing = _publisher.PublishAllAsync(source);

        await Limits.UntilAsync(() => source.Pulled == 2);
        subscription.QueuedEvents.Should().Be(1);
        await reader.NextAsync();
        await Limits.UntilAsync(() => source.Pulled == 3);
        await reader.NextAsync();
        (await publishing.WaitAsync(Limits.Patience)).Should().Be(3);
        subscription.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task PublishAllAsync_StuckReaders_DelayTheSourceByASecondInAll()
    {
        var stuck = Enumerable.Range(0, 3).Select(_ => Subscribe(capacity: 4, QueueOverflow.DropNewest)).ToList();
        var healthy = Subscribe(capacity: 1_000);
        var source = Numbers(500);

        var publishing = _publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 4 && _time.RunningTimers == 1);
        await AdvanceAsync(0.9 * Second, publishing);
        source.Pulled.Should().Be(4);
        await AdvanceAsync(0.1 * Second, publishing);

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(500);
        healthy.QueuedEvents.Should().Be(500);
        stuck.Should().OnlyContain(subscription => subscription.DroppedEvents == 496);
        _time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_FlushOfACopyTakesLong_WaitsForTheTimeOfTheLowestRate()
    {
        using var publisher = new Publisher(new PublisherOptions { TimeProvider = _time, QueueCapacity = 100 });
        using var subscription = publisher.Subscribe();
        for (var i = 0; i < 60; i++)
            publisher.Publish(new string('x', 1_000));
        var client = new SlowClient(subscription);
        (await client.WaitAsync()).Should().BeGreaterThan(60_000, "the first flush needs almost four seconds at 16 KB a second");
        var source = Numbers(300);

        var publishing = publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 52 && _time.RunningTimers == 1);
        await AdvanceAsync(3 * Second, publishing);
        source.Pulled.Should().BeInRange(52, 52 + 3, "an event waits for at most a second");
        client.Take();
        var taking = client.TakeAllAsync();

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(300);
        publisher.Close();
        await taking;
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        client.Taken.Should().EndWith("data: 299\n\n");
    }

    [Fact]
    public async Task PublishAllAsync_StuckReaderReadsAgain_IsWaitedForAgain()
    {
        var subscription = Subscribe(capacity: 100, QueueOverflow.DropNewest);
        var reader = subscription.GetAsyncEnumerator();
        var source = Numbers(300, beforeNumber: 60, () =>
        {
            for (var i = 0; i < 5; i++)
                reader.NextAsync().WaitForEnd();
        });

        var publishing = _publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 52 && _time.RunningTimers == 1);
        await AdvanceAsync(Second, publishing);
        // Up to an eighth of the queue can be published before the source looks again.
        await Limits.UntilAsync(() => source.Pulled > 60 && _time.RunningTimers == 1);
        source.Pulled.Should().BeInRange(61, 61 + 13);
        publishing.IsCompleted.Should().BeFalse();
        var pulled = source.Pulled;
        while (subscription.QueuedEvents > 50)
            await reader.NextAsync();

        await Limits.UntilAsync(() => source.Pulled > pulled && _time.RunningTimers == 1, "the source should go on");
        subscription.DroppedEvents.Should().Be(0);
        subscription.Dispose();
        await publishing.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task PublishAllAsync_ReaderReadsSlowly_DelaysEachEventByAtMostASecond()
    {
        var subscription = Subscribe(capacity: 32);
        var reader = subscription.GetAsyncEnumerator();
        for (var i = 0; i < 31; i++)
            _publisher.Publish("other");
        var source = Numbers(3);

        var publishing = _publisher.PublishAllAsync(source);

        for (var (pulled, queued) = (1, 31); pulled <= 3; pulled++)
        {
            await Limits.UntilAsync(() => source.Pulled == pulled && _time.RunningTimers == 1);
            // A look can still run after a step, and see the read one step too early: stay well below a second between two reads.
            for (var i = 0; i < 2; i++)
            {
                await AdvanceAsync(0.4 * Second, publishing);
                await reader.NextAsync();
                subscription.QueuedEvents.Should().Be(--queued);
            }

            await AdvanceAsync(0.2 * Second, publishing);
            queued++;
            await Limits.UntilAsync(() => subscription.QueuedEvents == queued);
        }

        await publishing.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task PublishAllAsync_QueueOfAReaderIsFull_WaitsAsLongAsItReads()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { QueueCapacityBytes = 100 });
        var reader = subscription.GetAsyncEnumerator();
        for (var i = 0; i < 8; i++)
            _publisher.Publish("1234");
        var source = new TestSource<string>([new string('x', 90)]);

        var publishing = _publisher.PublishAllAsync(source);
        for (var i = 0; i < 8; i++)
        {
            await Limits.UntilAsync(() => source.Pulled == 1 && _time.RunningTimers == 1);
            await AdvanceAsync(0.8 * Second, publishing);
            subscription.EndReason.Should().BeNull();
            await reader.NextAsync();
            // The source sees at its next look that the reader reads.
            await AdvanceAsync(0.1 * Second, publishing);
        }

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(1);
        (await reader.NextAsync()).Should().Contain("xxx");
    }

    [Theory]
    [InlineData(nameof(IDisposable.Dispose))]
    [InlineData("Close")]
    [InlineData(nameof(Publisher.Unsubscribe))]
    public async Task PublishAllAsync_SubscriberEndsDuringTheWait_GoesOnAtOnce(string way)
    {
        var subscription = Subscribe(capacity: 4);
        var source = Numbers(100);
        var publishing = _publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 4 && _time.RunningTimers == 1);

        if (way == "Close")
            subscription.Close();
        else if (way == nameof(Publisher.Unsubscribe))
            _publisher.Unsubscribe();
        else
            subscription.Dispose();

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(100);
    }

    [Fact]
    public async Task PublishAllAsync_SubscriberLeavesTheChannelDuringTheWait_GoesOnAtTheNextLook()
    {
        var subscription = Subscribe(capacity: 4);
        subscription.Join("other");
        var source = Numbers(100);
        var publishing = _publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 4 && _time.RunningTimers == 1);

        subscription.Leave(Publisher.DefaultChannel);
        await AdvanceAsync(0.1 * Second, publishing);

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(100);
        subscription.QueuedEvents.Should().Be(3);
        Private.Get(Private.Get(Private.Get(subscription, "Subscriber"), "_roomWaiters"), "IsEmpty")
            .Should().Be(true, "a queue whose reader is stuck keeps nothing of a source that has ended");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PublishAllAsync_SubscriberComesLater_IsWaitedFor(bool joins)
    {
        var waiting = _publisher.Subscribe(new SubscribeOptions<string> { Channels = "other", QueueCapacity = 4 });
        Subscription<string>? late = null;
        var source = Numbers(100, beforeNumber: 50, () =>
        {
            if (joins)
                waiting.Join(Publisher.DefaultChannel);
            late = joins ? waiting : Subscribe(capacity: 4);
        });

        var publishing = _publisher.PublishAllAsync(source);

        await Limits.UntilAsync(() => source.Pulled == 54 && _time.RunningTimers == 1);
        late!.QueuedEvents.Should().Be(3);
        late.Dispose();
        await publishing.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task PublishAllAsync_NothingIsNearlyFull_LooksAtTheSubscribersRarely()
    {
        _publisher.Subscribe();

        await _publisher.PublishAllAsync(Numbers(4_000)).WaitAsync(Limits.Patience);

        // Each look reads the clock. A source looks again after an eighth of the queue.
        _time.Reads.Should().BeInRange(1, 20);
    }
}
