namespace ServerSentEvents.Tests;

/// <summary>Tests the lifetime of a subscription: its queue, its only reader, and all the ways in which it ends.</summary>
public sealed class SubscriptionTests
{
    private readonly Publisher _publisher = new();

    [Fact]
    public async Task Subscribe_PublishedBeforeTheFirstRead_IsQueued()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("early");
        subscription.QueuedEvents.Should().Be(1);

        await using var reader = subscription.GetAsyncEnumerator();

        (await reader.NextAsync()).Should().Be("data: early\n\n");
        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public async Task MoveNext_NothingQueued_WaitsForTheNextEvent()
    {
        await using var reader = _publisher.Subscribe().GetAsyncEnumerator();

        for (var i = 0; i < 3; i++)
        {
            var next = reader.NextAsync();
            next.IsCompleted.Should().BeFalse();
            _publisher.Publish($"{i}");
            (await next).Should().Be($"data: {i}\n\n");
        }
    }

    [Fact]
    public void GetAsyncEnumerator_SecondTime_Throws()
    {
        var text = _publisher.Subscribe();
        var items = _publisher.Subscribe();
        text.GetAsyncEnumerator();
        items.AsItems().GetAsyncEnumerator();

        text.Invoking(it => it.GetAsyncEnumerator()).Should().Throw<InvalidOperationException>();
        text.Invoking(it => it.AsItems().GetAsyncEnumerator()).Should().Throw<InvalidOperationException>();
        items.Invoking(it => it.GetAsyncEnumerator()).Should().Throw<InvalidOperationException>();
        _publisher.GetSubscribers().Should().HaveCount(2, "a second reader should end no subscription");
    }

    [Fact]
    public async Task Enumeration_Break_Unsubscribes()
    {
        var subscription = _publisher.Subscribe(initialData: ["1", "2"]);

        await foreach (var _ in subscription)
            break;

        _publisher.GetSubscribers().Should().BeEmpty();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        subscription.QueuedEvents.Should().Be(0, "the rest of the queue is released");
    }

    [Fact]
    public void Enumeration_BlockingAndLeft_Unsubscribes()
    {
        var subscription = _publisher.Subscribe(initialData: ["1", "2"]);

        subscription.ToBlockingEnumerable().First().Should().Be("data: 1\n\n");

        _publisher.GetSubscribers().Should().BeEmpty();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Enumeration_ReaderThrows_Unsubscribes()
    {
        var subscription = _publisher.Subscribe(initialData: ["1"]);

        var read = async () =>
        {
            await foreach (var _ in subscription)
                throw new IOException("the client is gone");
        };

        await read.Should().ThrowAsync<IOException>();
        _publisher.GetSubscribers().Should().BeEmpty();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Enumeration_DisposedBeforeTheFirstRead_Unsubscribes()
    {
        await _publisher.Subscribe().GetAsyncEnumerator().DisposeAsync();
        await _publisher.Subscribe().AsItems().GetAsyncEnumerator().DisposeAsync();

        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Cancel_ReaderIsWaiting_ThrowsAndUnsubscribes()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        var next = reader.NextAsync();

        await cancellation.CancelAsync();

        (await next.Invoking(it => it).Should().ThrowAsync<OperationCanceledException>())
            .Which.CancellationToken.Should().Be(cancellation.Token);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Cancel_ReaderIsBusy_UnsubscribesAtOnceAndTheNextReadThrows()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(initialData: ["1", "2"]);
        await using var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        await reader.NextAsync();

        await cancellation.CancelAsync();

        _publisher.GetSubscribers().Should().BeEmpty();
        await reader.Invoking(it => it.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Cancel_BeforeTheFirstRead_Throws()
    {
        await using var reader = _publisher.Subscribe(initialData: ["1"])
            .GetAsyncEnumerator(new CancellationToken(canceled: true));

        await reader.Invoking(it => it.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Cancel_ClosedAndFullyRead_HasNoEffect()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(initialData: ["1"]);
        subscription.Close();
        await using var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        await reader.NextAsync();

        await cancellation.CancelAsync();

        await reader.ShouldEndAsync();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Cancel_ClosedWithUnreadEvents_Throws()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(initialData: ["1", "2"]);
        subscription.Close();
        await using var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        await reader.NextAsync();

        await cancellation.CancelAsync();

        await reader.Invoking(it => it.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Cancel_ReaderStartsToWait_AlwaysThrows()
    {
        // The end of the queue wakes the reader. The reason must be set before that.
        for (var i = 0; i < 5_000; i++)
        {
            using var cancellation = new CancellationTokenSource();
            await using var reader = _publisher.Subscribe().GetAsyncEnumerator(cancellation.Token);
            var next = reader.MoveNextAsync().AsTask();
            var cancel = Task.Run(cancellation.Cancel);

            await next.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
            await cancel;
        }
    }

    [Fact]
    public async Task Cancel_HandlerWaitsForTheReader_DoesNotDeadlock()
    {
        using var cancellation = new CancellationTokenSource();
        Task? left = null;
        var inTime = false;
        _publisher.Unsubscribed += (_, _) => inTime = left!.Wait(Limits.Patience);
        var reader = _publisher.Subscribe().GetAsyncEnumerator(cancellation.Token);
        var next = reader.MoveNextAsync().AsTask();
        left = next.ContinueWith(_ => reader.DisposeAsync().AsTask(), TaskScheduler.Default).Unwrap();

        await Task.Run(cancellation.Cancel).WaitAsync(2 * Limits.Patience);

        inTime.Should().BeTrue();
    }

    [Fact]
    public async Task Cancel_HandlerThrows_ThrowsToTheReaderAndNotToTheCaller()
    {
        using var cancellation = new CancellationTokenSource();
        _publisher.Unsubscribed += (_, _) => throw new FormatException();
        var reader = _publisher.Subscribe().GetAsyncEnumerator(cancellation.Token);
        var next = reader.MoveNextAsync().AsTask();

        await cancellation.CancelAsync();

        await next.Invoking(it => it).Should().ThrowAsync<OperationCanceledException>();
        (await reader.Invoking(it => it.DisposeAsync().AsTask()).Should().ThrowAsync<AggregateException>())
            .WithInnerException<FormatException>();
    }

    [Fact]
    public async Task Enumeration_ManyWithOneToken_ReleasesTheirRegistrations()
    {
        using var cancellation = new CancellationTokenSource();

        var read = await ReadAsync();

        await read.ShouldBecomeGarbageAsync();
        GC.KeepAlive(cancellation);

        async Task<List<WeakReference>> ReadAsync()
        {
            var subscriptions = new List<WeakReference>();
            for (var i = 0; i < 10; i++)
            {
                var subscription = _publisher.Subscribe(initialData: ["1"]);
                subscriptions.Add(new WeakReference(subscription));
                await foreach (var _ in subscription.WithCancellation(cancellation.Token))
                    break;
            }

            return subscriptions;
        }
    }

    [Fact]
    public async Task Close_QueuedEvents_AreDeliveredBeforeTheEnd()
    {
        var subscription = _publisher.Subscribe(initialData: ["1"]);
        _publisher.Publish("2");

        subscription.Close();
        subscription.Close();
        _publisher.Publish("3").Should().Be(0);

        (await subscription.ToArrayAsync()).Should().Equal("data: 1\n\n", "data: 2\n\n");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Dispose_QueuedEventsAndWaitingReader_ReleasesEventsAndEndsTheReader()
    {
        var queued = _publisher.Subscribe(initialData: ["1"]);
        var waiting = _publisher.Subscribe();
        _publisher.Publish("2");
        await using var reader = waiting.GetAsyncEnumerator();
        await reader.NextAsync();
        var end = reader.ShouldEndAsync();

        queued.Dispose();
        queued.Dispose();
        waiting.Dispose();

        await end;
        (await queued.ToArrayAsync()).Should().BeEmpty();
        queued.QueuedEvents.Should().Be(0);
        queued.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task EndReason_SeveralReasons_IsTheFirst()
    {
        var subscription = _publisher.Subscribe();
        subscription.EndReason.Should().BeNull();

        _publisher.Close();
        await foreach (var _ in subscription)
            throw new InvalidOperationException("nothing was published");
        subscription.Dispose();

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Publish_ReaderWithInlineSynchronizationContext_ContinuesOnAnotherThread()
    {
        // If Publish ran the reader's continuation, application code would run under the lock.
        await using var reader = _publisher.Subscribe().GetAsyncEnumerator();
        using var waiting = new ManualResetEventSlim();
        var next = Task.Run(async () =>
        {
            SynchronizationContext.SetSynchronizationContext(new InlineContext());
            var moved = reader.MoveNextAsync();
            moved.IsCompleted.Should().BeFalse();
            waiting.Set();
            await moved;
            return Environment.CurrentManagedThreadId;
        });
        waiting.Wait(Limits.Patience).Should().BeTrue();

        var publisherThread = 0;
        var publish = new Thread(() =>
        {
            publisherThread = Environment.CurrentManagedThreadId;
            _publisher.Publish("x");
        })
        { IsBackground = true };
        publish.Start();

        var readerThread = await next.WaitAsync(Limits.Patience);
        publish.Join(Limits.Patience).Should().BeTrue();
        readerThread.Should().NotBe(publisherThread);
    }

    private sealed class InlineContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}
