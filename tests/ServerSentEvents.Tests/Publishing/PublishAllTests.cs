using System.Collections.Concurrent;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>Tests that a source is published in full, at the pace of the subscribers. Time stands still, unless a test moves it.</summary>
public sealed partial class PublishAllTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TimerWatchingTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    public PublishAllTests() => _publisher = NewPublisher();

    [Fact]
    public async Task PublishAllAsync_Items_PublishesAllInOrderAndReturnsTheirNumber()
    {
        var subscription = _publisher.Subscribe(["a", "b"]);
        var other = _publisher.Subscribe();
        var source = new TestSource<SseItem<string>>([new("1", "type") { EventId = "7" }, new("2"), new("")]);

        var published = await _publisher.PublishAllAsync(source, ["a", "b"]).WaitAsync(Limits.Patience);

        published.Should().Be(3);
        source.Disposals.Should().Be(1);
        _publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("event: type\ndata: 1\nid: 7\n\n", "data: 2\n\n", "data: \n\n");
        other.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_StringsWithoutChannel_GoToTheDefaultChannel()
    {
        var subscription = _publisher.Subscribe();

        (await _publisher.PublishAllAsync(Numbers(3)).WaitAsync(Limits.Patience)).Should().Be(3);

        (await CloseAndReadAsync(subscription)).Should().Equal("0", "1", "2");
    }

    [Fact]
    public async Task PublishAllAsync_EmptySource_ReturnsZero() =>
        (await _publisher.PublishAllAsync(Numbers(0)).WaitAsync(Limits.Patience)).Should().Be(0);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(64, 20_000)]
    [InlineData(8_192, 100_000)]
    public async Task PublishAllAsync_FastSource_ReachesAHundredReadersWithoutADisconnect(int capacity, int events)
    {
        var publisher = NewPublisher(capacity);
        var readers = Enumerable.Range(0, 100).Select(number => number % 2 == 0
            ? CountAsync(publisher.Subscribe())
            : CountCopiedAsync(publisher.Subscribe())).ToList();

        var source = Numbers(events);
        var publishing = Task.Run(() => publisher.PublishAllAsync(source));
        while (!publishing.IsCompleted)
        {
            // A busy machine can need minutes for all events, but not for the next ones.
            var pulled = source.Pulled;
            await Task.WhenAny(publishing, Task.Delay(Limits.Patience));
            (publishing.IsCompleted || source.Pulled > pulled).Should().BeTrue("the source should move");
        }

        (await publishing).Should().Be(events);
        publisher.Close();
        (await Task.WhenAll(readers).WaitAsync(Limits.Patience)).Should().OnlyContain(count => count == events);

        static async Task<int> CountAsync(Subscription<string> subscription)
        {
            var count = 0;
            await foreach (var _ in subscription)
                count++;
            return count;
        }

        static async Task<int> CountCopiedAsync(Subscription<string> subscription)
        {
            var counter = new LineCounter();
            await subscription.CopyToAsync(counter);
            return counter.Lines / 2;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public async Task PublishAllAsync_EventsOfAnySize_FitIntoTheBoundInBytes(int capacityBytes)
    {
        const int events = 3_000;
        var publisher = new Publisher<string>(new PublisherOptions
        {
            TimeProvider = _time,
            QueueCapacityBytes = capacityBytes,
            HistoryCapacity = 1,
        });
        ChannelNames[] channels = ["a", new[] { "a", "b" }];
        var readers = channels.Select(names => Task.Run(() => publisher.Subscribe(names).ToArrayAsync())).ToList();
        await Limits.UntilAsync(() => publisher.GetSubscribers("a").Count == 2);
        var source = new TestSource<string>(Enumerable.Range(0, events).Select(number => new string('x', number * 7 % 900)));

        await Task.Run(() => publisher.PublishAllAsync(source, "a")).WaitAsync(Limits.Patience);

        publisher.Close();
        (await Task.WhenAll(readers).WaitAsync(Limits.Patience)).Should().OnlyContain(read => read.Length == events);
    }

    [Fact]
    public async Task PublishAllAsync_SeveralSourcesAtOnce_DisconnectNoReader()
    {
        const int events = 2_000;
        var publisher = NewPublisher(capacity: 64);
        var reading = Task.Run(() => publisher.Subscribe().ToArrayAsync());
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => publisher.PublishAllAsync(Numbers(events)))))
            .WaitAsync(Limits.Patience);

        publisher.Close();
        (await reading).Should().HaveCount(8 * events);
    }

    [Fact]
    public async Task PublishAllAsync_ManySourcesHaveLookedAtAnEmptyQueue_DoNotOverflowIt()
    {
        const int sources = 16;
        var subscription = Subscribe(capacity: 64);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var publishing = Enumerable.Range(0, sources).Select(_ => _publisher.PublishAllAsync(GatedAsync(1, gate.Task, 7))).ToList();
        subscription.QueuedEvents.Should().Be(sources);

        gate.SetResult();

        await Limits.UntilAsync(() => subscription.EndReason is not null
            || _time.RunningTimers + publishing.Count(task => task.IsCompleted) == sources);
        subscription.EndReason.Should().BeNull();
        subscription.QueuedEvents.Should().BeInRange(33, 33 + sources);
        subscription.Dispose();
        (await Task.WhenAll(publishing).WaitAsync(Limits.Patience)).Should().OnlyContain(published => published == 8);
    }

    [Fact]
    public async Task PublishAllAsync_ReaderMakesRoom_SourceDoesNotRunOnTheReadersThread()
    {
        const int events = 50;
        var reader = Subscribe(capacity: 2).GetAsyncEnumerator();
        var threads = new ConcurrentQueue<int>();
        var publishing = _publisher.PublishAllAsync(Source());
        publishing.IsCompleted.Should().BeFalse("the source waits for room");
        threads.Clear();

        var readersThread = await OwnThread.RunAsync(() =>
        {
            for (var i = 0; i < events; i++)
                reader.MoveNextAsync().AsTask().WaitForEnd();
            publishing.WaitForEnd();
            return Environment.CurrentManagedThreadId;
        });

        (await publishing).Should().Be(events);
        threads.Should().NotBeEmpty().And.NotContain(readersThread);

        async IAsyncEnumerable<string> Source()
        {
            for (var i = 0; i < events; i++)
            {
                threads.Enqueue(Environment.CurrentManagedThreadId);
                yield return $"{i}";
            }

            await Task.CompletedTask;
        }
    }

    [Fact]
    public async Task PublishAllAsync_SubscriberThatItWaitedForHasEnded_KeepsNothingOfIt()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reference = SubscribeWithGarbage(out var subscription);

        var publishing = _publisher.PublishAllAsync(GatedAsync(3, gate.Task, 1));
        await Limits.UntilAsync(() => _time.RunningTimers == 1);
        subscription!.Dispose();
        subscription = null;

        // The publisher's own timer runs for the subscription that ended.
        await Limits.UntilAsync(() => _time is { RunningTimers: 1, LiveTimers: 2 }, "the source does not wait");
        await new[] { reference }.ShouldBecomeGarbageAsync();
        gate.SetResult();
        (await publishing.WaitAsync(Limits.Patience)).Should().Be(4);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference SubscribeWithGarbage(out Subscription<string>? subscription)
        {
            var name = new string('n', 10);
            subscription = _publisher.Subscribe(new SubscribeOptions<string> { Properties = name, QueueCapacity = 1 });
            return new WeakReference(name);
        }
    }

    [Fact]
    public async Task PublishAllAsync_SourceWaitsAndAStalledSubscriberHasEnded_KeepsNoQueueOfIt()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var queue = SubscribeWithGarbage(out var subscription);
        var publishing = _publisher.PublishAllAsync(GatedAsync(4, gate.Task, 0));
        await Limits.UntilAsync(() => subscription.QueuedEvents == 3 && _time.RunningTimers == 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Limits.UntilAsync(() => subscription.QueuedEvents == 4 && _time.RunningTimers == 0);

        subscription.Dispose();

        await new[] { queue }.ShouldBecomeGarbageAsync();
        GC.KeepAlive(subscription);
        gate.SetResult();
        (await publishing.WaitAsync(Limits.Patience)).Should().Be(4);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference SubscribeWithGarbage(out Subscription<string> subscription)
        {
            // The queue keeps the function.
            var owner = new object();
            subscription = _publisher.Subscribe(new SubscribeOptions<string>
            {
                QueueCapacity = 4,
                ConflationKey = _ =>
                {
                    GC.KeepAlive(owner);
                    return null;
                },
            });
            return new WeakReference(owner);
        }
    }

    [Fact]
    public async Task PublishAllAsync_CanceledDuringTheWait_StopsAtOnce()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = Subscribe(capacity: 4);
        var source = Numbers(100);
        var publishing = _publisher.PublishAllAsync(source, cancellationToken: cancellation.Token);
        await Limits.UntilAsync(() => source.Pulled == 4 && _time.RunningTimers == 1);

        await cancellation.CancelAsync();

        await ShouldBeCanceledAsync(publishing, cancellation.Token);
        source.Disposals.Should().Be(1);
        source.Pulled.Should().Be(4);
        subscription.QueuedEvents.Should().Be(3);
        _time.LiveTimers.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_CanceledBefore_DoesNotStart()
    {
        var source = Numbers(1);
        var token = new CancellationToken(canceled: true);

        await ShouldBeCanceledAsync(_publisher.PublishAllAsync(source, cancellationToken: token), token);
        await ShouldBeCanceledAsync(
            ((IEventPublisher)new RecordingPublisher()).PublishAllAsync(source, cancellationToken: token), token);

        source.Enumerations.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_CanceledByTheSource_PublishesNoFurtherEvent()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe();
        var source = Numbers(10, beforeNumber: 3, cancellation.Cancel);

        await ShouldBeCanceledAsync(_publisher.PublishAllAsync(source, cancellationToken: cancellation.Token), cancellation.Token);

        source.Token.Should().Be(cancellation.Token);
        source.Disposals.Should().Be(1);
        subscription.QueuedEvents.Should().Be(3);
    }

    [Fact]
    public async Task PublishAllAsync_SourceThrows_FailsWithTheSameException()
    {
        var failure = new FormatException();
        var subscription = _publisher.Subscribe();
        var source = Numbers(10, beforeNumber: 3, () => throw failure);

        (await _publisher.Awaiting(it => it.PublishAllAsync(source)).Should().ThrowAsync<FormatException>())
            .Which.Should().BeSameAs(failure);

        source.Disposals.Should().Be(1);
        subscription.QueuedEvents.Should().Be(3);
    }

    [Fact]
    public async Task PublishAllAsync_InvalidEvent_StopsThere()
    {
        var subscription = _publisher.Subscribe();
        var items = new TestSource<SseItem<string>>([new("1"), new("2") { EventId = "a\0b" }, new("3")]);
        var texts = new TestSource<string>(["1", null!, "3"]);

        (await _publisher.Awaiting(it => it.PublishAllAsync(items)).Should().ThrowAsync<ArgumentException>())
            .WithParameterName("items");
        (await _publisher.Awaiting(it => it.PublishAllAsync(texts)).Should().ThrowAsync<ArgumentException>())
            .WithParameterName("items");

        items.Disposals.Should().Be(1);
        subscription.QueuedEvents.Should().Be(2);
    }

    [Fact]
    public async Task PublishAllAsync_HandlerThrows_StopsAfterTheEvent()
    {
        var stays = _publisher.Subscribe();
        _publisher.Unsubscribed += (_, _) => throw new FormatException();
        var source = Numbers(10, beforeNumber: 5, () =>
        {
            // Another publisher fills the queue between two events of the source.
            Subscribe(capacity: 1);
            _publisher.Publish("fills the queue");
        });

        var publishing = _publisher.PublishAllAsync(source);
        await Limits.UntilAsync(() => source.Pulled == 6 && _time.RunningTimers == 1);
        await AdvanceAsync(Second, publishing);

        await publishing.Awaiting(it => it).Should().ThrowAsync<AggregateException>();
        source.Disposals.Should().Be(1);
        stays.QueuedEvents.Should().Be(7);
    }

    [Fact]
    public async Task PublishAllAsync_ConflationKeyThrows_StopsAfterTheEvent()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            ConflationKey = static item => item.Data == "1" ? throw new FormatException() : item.Data,
        });
        var source = Numbers(3);

        (await _publisher.Awaiting(it => it.PublishAllAsync(source)).Should().ThrowAsync<AggregateException>())
            .Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<FormatException>();

        (source.Pulled, source.Disposals).Should().Be((2, 1));
        (await CloseAndReadAsync(subscription)).Should().Equal("0", "1");
    }

    [Fact]
    public async Task PublishAllAsync_Disposed_Fails()
    {
        var source = Numbers(10, beforeNumber: 5, _publisher.Dispose);

        await _publisher.Awaiting(it => it.PublishAllAsync(source)).Should().ThrowAsync<ObjectDisposedException>();

        source.Disposals.Should().Be(1);
    }

    [Fact]
    public async Task PublishAllAsync_PublisherIsDisposed_ThrowsAndDoesNotStartTheSource()
    {
        var source = Numbers(0);
        _publisher.Dispose();

        await _publisher.Awaiting(it => it.PublishAllAsync(source)).Should().ThrowAsync<ObjectDisposedException>();

        source.Disposals.Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_InvalidSource_ThrowsBeforeTheTask()
    {
        using var subscription = _publisher.Subscribe();
        using var untyped = new Publisher().Subscribe();
        IEventPublisher events = _publisher;
        IEventPublisher other = new RecordingPublisher();

        foreach (var publish in new Action[]
        {
            () => _ = _publisher.PublishAllAsync((IAsyncEnumerable<string>)null!),
            () => _ = _publisher.PublishAllAsync((IAsyncEnumerable<SseItem<string>>)null!),
            () => _ = events.PublishAllAsync((IAsyncEnumerable<string>)null!),
            () => _ = other.PublishAllAsync((IAsyncEnumerable<SseItem<string>>)null!),
        })
        {
            publish.Should().Throw<ArgumentNullException>().WithParameterName("items");
        }

        foreach (var publish in new Action[]
        {
            () => _ = _publisher.PublishAllAsync(subscription),
            () => _ = _publisher.PublishAllAsync(untyped),
            () => _ = events.PublishAllAsync(subscription),
            () => _ = other.PublishAllAsync(subscription),
        })
        {
            publish.Should().Throw<ArgumentException>().WithMessage("*AsItems()*").WithParameterName("items");
        }

        Action noPublisher = () => _ = ((IEventPublisher)null!).PublishAllAsync(Numbers(1));
        noPublisher.Should().Throw<ArgumentNullException>().WithParameterName("publisher");

        // The refused subscriptions still have no reader.
        var forwarding = _publisher.PublishAllAsync(untyped.AsItems(), "elsewhere");
        untyped.Close();
        (await forwarding.WaitAsync(Limits.Patience)).Should().Be(0);
    }

    [Fact]
    public async Task PublishAllAsync_InterfaceOfALocalPublisher_WaitsForSubscribers()
    {
        IEventPublisher events = _publisher;
        var subscription = Subscribe(capacity: 4);
        var texts = Numbers(4);

        var publishing = events.PublishAllAsync(texts);
        await Limits.UntilAsync(() => texts.Pulled == 4 && _time.RunningTimers == 1);
        subscription.QueuedEvents.Should().Be(3);
        subscription.Dispose();

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(4);
        (await events.PublishAllAsync(new TestSource<SseItem<string>>([new("1")]))).Should().Be(1);
    }

    [Fact]
    public async Task PublishAllAsync_OtherPublisher_AwaitsEachEvent()
    {
        var other = new RecordingPublisher();
        using var cancellation = new CancellationTokenSource();
        var source = Numbers(3);

        var publishing = ((IEventPublisher)other).PublishAllAsync(source, "a", cancellation.Token);

        for (var i = 1; i <= 3; i++)
        {
            await Limits.UntilAsync(() => other.Published.Count == i);
            source.Pulled.Should().Be(i);
            other.Confirm();
        }

        (await publishing.WaitAsync(Limits.Patience)).Should().Be(3);
        other.Published.Should().Equal(("0", "a", cancellation.Token), ("1", "a", cancellation.Token), ("2", "a", cancellation.Token));
        source.Disposals.Should().Be(1);
    }

    private static TestSource<string> Numbers(int count) =>
        new(Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Returns a source that runs code before it yields one of its numbers.</summary>
    private static TestSource<string> Numbers(int count, int beforeNumber, Action action) => new(Enumerable.Range(0, count).Select(number =>
    {
        if (number == beforeNumber)
            action();
        return number.ToString(CultureInfo.InvariantCulture);
    }));

    /// <summary>Returns a source that waits for a task after a number of elements.</summary>
    private static async IAsyncEnumerable<string> GatedAsync(int before, Task gate, int after)
    {
        for (var i = 0; i < before; i++)
            yield return "before";
        await gate;
        for (var i = 0; i < after; i++)
            yield return "after";
    }

    private static async Task ShouldBeCanceledAsync(Task publishing, CancellationToken token)
    {
        (await publishing.Awaiting(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>())
            .Which.CancellationToken.Should().Be(token);
        publishing.IsCanceled.Should().BeTrue();
    }

    private Publisher<string> NewPublisher(int capacity = 8_192) =>
        new(new PublisherOptions { TimeProvider = _time, QueueCapacity = capacity });

    private Subscription<string> Subscribe(int capacity, QueueOverflow overflow = QueueOverflow.Disconnect) =>
        _publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = capacity, QueueOverflow = overflow });

    private async Task<string[]> CloseAndReadAsync(Subscription<string> subscription)
    {
        _publisher.Close();
        return Array.ConvertAll(await subscription.ToArrayAsync(), text => text["data: ".Length..].TrimEnd('\n'));
    }

    /// <summary>
    /// Moves the time in small steps. After each, the source has looked at the subscribers, has begun another wait, or has ended.
    /// </summary>
    private async Task AdvanceAsync(TimeSpan time, Task publishing)
    {
        var step = TimeSpan.FromMilliseconds(100);
        for (var moved = TimeSpan.Zero; moved < time; moved += step)
        {
            var (starts, ticks, reads) = (_time.Starts, _time.Ticks, _time.Reads);
            _time.Advance(step);
            await Limits.UntilAsync(
                () => _time.Reads > reads || HasTimerForTheNextStep() || publishing.IsCompleted, "the source should look");

            // The source reads the clock before it sets its timer. If the step comes in between, no timer fires in the step.
            bool HasTimerForTheNextStep() => _time.Starts > starts && _time.Ticks == ticks;
        }
    }

    /// <summary>A stream that counts lines.</summary>
    private sealed class LineCounter : MemoryStream
    {
        internal int Lines { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Lines += buffer.Span.Count((byte)'\n');
            return default;
        }
    }

    /// <summary>A publisher that is not local. Each event waits for <see cref="Confirm"/>.</summary>
    private sealed class RecordingPublisher : IEventPublisher
    {
        private TaskCompletionSource _confirmation = new();

        internal List<(string Data, string Channels, CancellationToken Token)> Published { get; } = [];

        public ValueTask PublishAsync(SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default)
        {
            _confirmation = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Published.Add((item.Data, channels.ToString(), cancellationToken));
            return new(_confirmation.Task);
        }

        internal void Confirm() => _confirmation.SetResult();
    }
}
