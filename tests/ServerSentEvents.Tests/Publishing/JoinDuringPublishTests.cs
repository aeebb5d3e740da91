using System.Collections.Concurrent;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests subscribers that join while a personalized event is being made for others. The publishing thread makes their event,
/// and their readers wait for it without a thread.
/// </summary>
public sealed class JoinDuringPublishTests
{
    private readonly Publisher<string> _publisher = new(new PublisherOptions { HistoryCapacity = 100 });
    private readonly ReadText _read = new();

    /// <summary>The subscription that joins while the event is made for "first".</summary>
    private Subscription<string>? _late;

    /// <summary>The event that was made for <see cref="_late"/>. A replay of the event uses it again.</summary>
    private string? _made;

    /// <summary>The reading of <see cref="_late"/>.</summary>
    private Task _reading = Task.CompletedTask;

    public JoinDuringPublishTests() => _publisher.Subscribe(properties: "first");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_SubscribersJoinDuringTheFunction_CallsItOncePerSubscriberOnThePublishingThread(bool copies)
    {
        string[] late = ["late 1", "late 2", "late 3"];
        var reads = late.ToDictionary(name => name, _ => new ReadText(), StringComparer.Ordinal);
        var readings = new List<Task>();
        var calls = new ConcurrentQueue<(string Name, int Thread)>();
        var publishingThread = 0;

        var sent = await OwnThread.RunAsync(() =>
        {
            publishingThread = Environment.CurrentManagedThreadId;
            return _publisher.Publish(name =>
            {
                calls.Enqueue((name, Environment.CurrentManagedThreadId));
                if (name == "first")
                {
                    foreach (var joining in late)
                        readings.Add(ReadAsync(_publisher.Subscribe(properties: joining), copies, reads[joining]));
                    _publisher.Publish("before");
                }
                else
                {
                    // All readers have come to their places by now, or are about to.
                    foreach (var read in reads.Values)
                        read.WaitForAsync("data: before\n").WaitForEnd();
                }

                return $"for {name}";
            });
        });

        sent.Should().Be(4);
        _publisher.Close();
        await Task.WhenAll(readings).WaitAsync(Limits.Patience);
        calls.Select(call => call.Name).Should().BeEquivalentTo(["first", .. late]);
        calls.Should().OnlyContain(call => call.Thread == publishingThread);
        foreach (var (name, read) in reads)
            read.WithoutIds.Should().Be($"data: before\n\ndata: for {name}\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_UnderALockThatTheFunctionTakes_DoesNotBlockWithLateSubscribers(bool copies)
    {
        var made = new List<string>();
        var other = new Publisher();
        var otherRead = new ReadText();
        var otherCopying = other.Subscribe().CopyToAsync(new TextStream(otherRead));
        var late = Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(i => $"late {i}").ToList();
        var reads = late.ConvertAll(_ => new ReadText());
        var readings = new List<Task>();

        await OwnThread.RunAsync(() =>
        {
            lock (made)
            {
                _publisher.Publish(name =>
                {
                    lock (made)
                    {
                        if (name == "first")
                        {
                            readings = [.. late.Zip(
                                reads, (joining, read) => ReadAsync(_publisher.Subscribe(properties: joining), copies, read))];
                        }

                        if (name == late[^1])
                        {
                            other.Publish("unrelated");
                            otherRead.WaitForAsync("data: unrelated\n").WaitForEnd();
                        }

                        made.Add(name);
                        return $"for {name}";
                    }
                });
            }
        });

        _publisher.Close();
        await Task.WhenAll(readings).WaitAsync(Limits.Patience);
        made.Should().BeEquivalentTo(["first", .. late]);
        reads.Select(read => read.WithoutIds).Should().Equal(late.Select(name => $"data: for {name}\n\n"));
        otherRead.Text.Should().Be("data: unrelated\n\n");
        other.Close();
        await otherCopying.WaitAsync(Limits.Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_FunctionBlocksForOneLateSubscriber_OtherGetsItsEvent(bool copies)
    {
        string[] late = ["late 1", "late 2"];
        var reads = late.ToDictionary(name => name, _ => new ReadText(), StringComparer.Ordinal);
        var readings = new List<Task>();
        string? made = null;

        await OwnThread.RunAsync(() => _publisher.Publish(name =>
        {
            if (name == "first")
                readings.AddRange(late.Select(joining => ReadAsync(_publisher.Subscribe(properties: joining), copies, reads[joining])));
            else if (made is null)
                made = name;
            else
                reads[made].WaitForAsync($"data: for {made}\n").WaitForEnd();
            return $"for {name}";
        }));

        _publisher.Close();
        await Task.WhenAll(readings).WaitAsync(Limits.Patience);
        foreach (var (name, read) in reads)
            read.WithoutIds.Should().Be($"data: for {name}\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_OtherEventsBeforeTheLateSubscribersEventIsMade_ComeAfterIt(bool copies)
    {
        await PublishWithLateSubscriberAsync(copies, () =>
        {
            OwnThread.Run(() => _publisher.Publish("shared"));
            OwnThread.Run(() => _publisher.Publish(name => $"second for {name}"));
            _read.WithoutIds.Should().Be("data: before\n\n");
            return "for late";
        });

        _publisher.Close();
        await _reading.WaitAsync(Limits.Patience);
        _read.WithoutIds.Should().Be("data: before\n\ndata: for late\n\ndata: shared\n\ndata: second for late\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_OtherEventsBeforeTheLateSubscribersEventIsMade_ReplayHasTheSameOrder(bool copies)
    {
        await PublishWithLateSubscriberAsync(copies, () =>
        {
            OwnThread.Run(() => _publisher.Publish("after"));
            return "for late";
        });
        await _read.WaitForAsync("data: after\nid: ");
        var ids = Frames.IdsOf(_read.Text).ToList();
        _publisher.Close();
        await _reading.WaitAsync(Limits.Patience);

        var resumed = _publisher.Subscribe(new SubscribeOptions<string> { Properties = "late", LastEventId = ids[0] });
        resumed.Close();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.ToArrayAsync()).Should().Equal(
            $"id: {ids[0]}\n", $"data: for late\nid: {ids[1]}\n\n", $"data: after\nid: {ids[2]}\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_FunctionThrowsForALateSubscriber_LaterEventsReachIt(bool copies)
    {
        var publish = () => PublishWithLateSubscriberAsync(copies, () => throw new FormatException());

        (await publish.Should().ThrowAsync<AggregateException>())
            .Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<FormatException>();

        _publisher.Publish("after");
        _publisher.Close();
        await _reading.WaitAsync(Limits.Patience);
        _read.WithoutIds.Should().Be("data: before\n\ndata: after\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_FunctionReturnsNullForALateSubscriber_LaterEventsReachIt(bool copies)
    {
        (await PublishWithLateSubscriberAsync(copies, () => null)).Should().Be(1);

        _publisher.Publish("after");
        _publisher.Close();
        await _reading.WaitAsync(Limits.Patience);
        _read.WithoutIds.Should().Be("data: before\n\ndata: after\n\n");
    }

    [Fact]
    public void Publish_FunctionThrowsForOneLateSubscriber_OthersGetTheirs()
    {
        var late = new List<Subscription<string>>();

        var publish = () => _publisher.Publish(name =>
        {
            if (name == "first")
                late = [_publisher.Subscribe(properties: "failing"), _publisher.Subscribe(properties: "healthy")];
            return name == "failing" ? throw new FormatException() : name;
        });

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Should().ContainSingle();
        late[1].QueuedEvents.Should().Be(1);
        late[1].QueuedBytes.Should().BePositive();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_LateSubscribersEventIsNotMade_ReleasesTheReaderAtOnce(bool copies)
    {
        await PublishWithLateSubscriberAsync(copies, () =>
        {
            _late!.Dispose();
            _reading.WaitForEnd();
            return "for late";
        });

        await _reading;
        _late!.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        _read.WithoutIds.Should().Be("data: before\n\n");
        _late.QueuedEvents.Should().Be(0);
        _publisher.GetSubscribers().Select(subscription => subscription.Properties).Should().Equal("first");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_LateSubscribersEventIsNotMade_ReleasesTheReaderAtOnce(bool copies)
    {
        using var cancellation = new CancellationTokenSource();
        await PublishWithLateSubscriberAsync(copies, () =>
        {
            cancellation.Cancel();
            _reading.WaitForEnd();
            return "for late";
        }, cancellation.Token);

        await _reading.Invoking(it => it).Should().ThrowAsync<OperationCanceledException>();
        _late!.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        _read.WithoutIds.Should().Be("data: before\n\n");
        _late.QueuedEvents.Should().Be(0);
    }

    [Theory]
    [InlineData(nameof(SubscriptionEndReason.Unsubscribed))]
    [InlineData(nameof(SubscriptionEndReason.Canceled))]
    public async Task End_ReaderWaitsForAnEventThatIsNotMade_ReleasesItAtOnce(string reason)
    {
        using var cancellation = new CancellationTokenSource();
        var reading = Task.FromResult(true);

        await OwnThread.RunAsync(() => _publisher.Publish(name =>
        {
            if (name == "first")
            {
                _late = _publisher.Subscribe(properties: "late");
                return name;
            }

            // The place of the event is in the queue by now, so the reader waits for the event.
            reading = _late!.GetAsyncEnumerator(cancellation.Token).MoveNextAsync().AsTask();
            reading.IsCompleted.Should().BeFalse();
            _late.QueuedEvents.Should().Be(1);
            if (reason == nameof(SubscriptionEndReason.Canceled))
                cancellation.Cancel();
            else
                _late.Dispose();
            reading.WaitForEnd();
            return name;
        }));

        (reading.IsCompletedSuccessfully && await reading).Should().BeFalse();
        reading.IsCanceled.Should().Be(reason == nameof(SubscriptionEndReason.Canceled));
        _late!.EndReason.ToString().Should().Be(reason);
        _publisher.GetSubscribers().Should().ContainSingle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Close_LateSubscribersEventIsNotMade_EndsAfterIt(bool copies)
    {
        await PublishWithLateSubscriberAsync(copies, () =>
        {
            _late!.Close();
            OwnThread.Run(() => _publisher.Publish("after the end"));
            _reading.IsCompleted.Should().BeFalse();
            return "for late";
        });

        await _reading.WaitAsync(Limits.Patience);
        _late!.EndReason.Should().Be(SubscriptionEndReason.Closed);
        _read.WithoutIds.Should().Be("data: before\n\ndata: for late\n\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_HandlerOfAnOverflowWaitsForTheLateSubscribersReader_DoesNotBlock(bool copies)
    {
        var full = _publisher.Subscribe(new SubscribeOptions<string> { Properties = "full", QueueCapacity = 1 });
        _publisher.Publish("fills the queue");
        var readInHandler = "";
        _publisher.Unsubscribed += (_, _) =>
        {
            _read.WaitForAsync("data: for late\n").WaitForEnd();
            readInHandler = _read.WithoutIds;
        };

        var sent = await OwnThread.RunAsync(() => _publisher.Publish(name =>
        {
            if (name == "first")
            {
                _late = _publisher.Subscribe(properties: "late");
                _reading = ReadAsync(_late, copies, _read);
            }

            return $"for {name}";
        }));

        sent.Should().Be(2);
        full.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        readInHandler.Should().Be("data: for late\n\n");
        _late!.Dispose();
        await _reading.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Publish_LateSubscriberOverflowsBeforeItsEventIsMade_GetsItFirst()
    {
        var options = new SubscribeOptions<string> { Properties = "late", QueueCapacity = 2 };
        _publisher.Publish(name =>
        {
            if (name == "first")
            {
                _late = _publisher.Subscribe(options);
                return name;
            }

            for (var i = 1; i <= 4; i++)
                _publisher.Publish($"{i}");
            return "for late";
        });

        _late!.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        Frames.DataOf(await _late.ToArrayAsync()).Should().Equal("for late", "1");
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task QueueCapacityBytes_EmptyQueue_TakesALateSubscribersLargeEvent(QueueOverflow overflow)
    {
        var large = new string('x', 1_000);

        PublishToUnreadLateSubscriber(overflow, before: null, after: null, large).Should().Be(2);

        _late!.EndReason.Should().BeNull();
        _late.DroppedEvents.Should().Be(0);
        _late.QueuedBytes.Should().BeGreaterThan(1_000);
        Frames.DataOf(await CloseAndReadAsync()).Should().Equal(large);
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task QueueCapacityBytes_LateSubscribersEventFits_IsCounted(QueueOverflow overflow)
    {
        PublishToUnreadLateSubscriber(overflow, Text('b', 20), after: Text('a', 20), Text('l', 20)).Should().Be(2);

        _late!.EndReason.Should().BeNull();
        _late.DroppedEvents.Should().Be(0);
        var bytes = _late.QueuedBytes;
        var texts = await CloseAndReadAsync();
        texts.Sum(text => text.Length).Should().Be((int)bytes);
        Frames.DataOf(texts).Should().Equal(Text('b', 20), Text('l', 20), Text('a', 20));
    }

    [Fact]
    public async Task QueueCapacityBytes_LateSubscribersEventHasNoRoom_DisconnectEndsAndTheClientResumes()
    {
        PublishToUnreadLateSubscriber(QueueOverflow.Disconnect, Text('b', 100), after: null, Text('l', 100)).Should().Be(1);

        _late!.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        var texts = await CloseAndReadAsync();
        Frames.DataOf(texts).Should().Equal(Text('b', 100));
        Frames.DataOf(await ResumeAsync(Frames.IdOf(texts[^1]))).Should().Equal(Text('l', 100));
    }

    [Fact]
    public async Task QueueCapacityBytes_LateSubscribersEventHasNoRoom_DropNewestDropsAndCountsIt()
    {
        PublishToUnreadLateSubscriber(QueueOverflow.DropNewest, Text('b', 100), after: null, Text('l', 100)).Should().Be(1);

        _late!.DroppedEvents.Should().Be(1);
        _late.EndReason.Should().BeNull();
        Frames.DataOf(await CloseAndReadAsync()).Should().Equal(Text('b', 100));
    }

    [Fact]
    public async Task QueueCapacityBytes_LateSubscribersEventHasNoRoomBecauseOfLaterEvents_DisconnectLeavesNoHole()
    {
        PublishToUnreadLateSubscriber(QueueOverflow.Disconnect, Text('b', 10), Text('a', 80), Text('l', 80));

        _late!.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        var texts = await CloseAndReadAsync();
        var resumed = await ResumeAsync(Frames.IdOf(texts[^1]));
        Frames.DataOf([.. texts, .. resumed]).Should().Equal(Text('b', 10), Text('l', 80), Text('a', 80));
    }

    [Fact]
    public async Task QueueCapacityBytes_LateSubscribersEventHasNoRoom_DropOldestKeepsIt()
    {
        PublishToUnreadLateSubscriber(QueueOverflow.DropOldest, Text('b', 100), after: null, Text('l', 100)).Should().Be(2);

        _late!.DroppedEvents.Should().Be(1);
        Frames.DataOf(await CloseAndReadAsync()).Should().Equal(Text('l', 100));
    }

    [Fact]
    public async Task Publish_ReaderComesToItsEventWhileItIsMade_ReadsItOnce()
    {
        const int rounds = 500;
        using var publisher = new Publisher<string>();
        Subscription<string>? late = null;
        var (started, read) = (0, 0);
        publisher.Subscribe(new SubscribeOptions<string>
        {
            Properties = "first",
            QueueCapacity = 1,
            QueueOverflow = QueueOverflow.DropOldest,
        });
        using var limit = new CancellationTokenSource(3 * Limits.Patience);
        var limited = limit.Token;
        var reading = OwnThread.RunAsync(() =>
        {
            for (var round = 1; round <= rounds; round++)
            {
                // A thread that never yields uses up its share of a busy CPU, and then waits in each round.
                for (var spinning = new SpinWait(); Volatile.Read(ref started) < round; spinning.SpinOnce(sleep1Threshold: -1))
                    limited.ThrowIfCancellationRequested();

                Thread.SpinWait(round % 50);
                late!.GetAsyncEnumerator().MoveNextAsync().AsTask().WaitForEnd();
                // An event that is read twice is still queued.
                late.QueuedEvents.Should().Be(0, "this is round {0}", round);
                Volatile.Write(ref read, round);
            }
        }, 3 * Limits.Patience);

        for (var round = 1; round <= rounds && !reading.IsCompleted; round++)
        {
            publisher.Publish(name =>
            {
                if (name == "first")
                    late = publisher.Subscribe(properties: "late");
                else
                    Volatile.Write(ref started, round);
                return name;
            });
            SpinWait.SpinUntil(() => Volatile.Read(ref read) == round || reading.IsCompleted);
            late!.Dispose();
        }

        await reading;
    }

    /// <summary>
    /// Publishes a personalized event. A subscriber joins, and reads one event, before the function is called for it.
    /// </summary>
    private Task<int> PublishWithLateSubscriberAsync(
        bool copies, Func<string?> makeForLate, CancellationToken cancellationToken = default) =>
        OwnThread.RunAsync(() => _publisher.Publish(name =>
        {
            if (name != "first")
                return _made ??= makeForLate();
            _late = _publisher.Subscribe(properties: "late");
            _reading = ReadAsync(_late, copies, _read, cancellationToken);
            _publisher.Publish("before");
            _read.WaitForAsync("data: before\n").WaitForEnd();
            return "for first";
        }));

    /// <summary>
    /// Publishes a personalized event. A subscriber with a queue of 200 bytes joins, and other events are published before and
    /// after the place of its event.
    /// </summary>
    private int PublishToUnreadLateSubscriber(QueueOverflow overflow, string? before, string? after, string forLate) =>
        _publisher.Publish(name =>
        {
            if (name == "first")
            {
                _late = _publisher.Subscribe(new SubscribeOptions<string>
                {
                    Properties = "late",
                    QueueCapacityBytes = 200,
                    QueueOverflow = overflow,
                });
                if (before is not null)
                    _publisher.Publish(before);
                return name;
            }

            if (after is not null && _made is null)
                _publisher.Publish(after);
            return _made = forLate;
        });

    private async Task<string[]> CloseAndReadAsync()
    {
        _late!.Close();
        return await _late.ToArrayAsync();
    }

    private async Task<string[]> ResumeAsync(string lastEventId)
    {
        var resumed = _publisher.Subscribe(new SubscribeOptions<string> { Properties = "late", LastEventId = lastEventId });
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        resumed.Close();
        return (await resumed.ToArrayAsync())[1..];
    }

    private static async Task ReadAsync(
        Subscription<string> subscription, bool copies, ReadText read, CancellationToken cancellationToken = default)
    {
        if (copies)
        {
            await subscription.CopyToAsync(new TextStream(read), cancellationToken);
            return;
        }

        await foreach (var text in subscription.WithCancellation(cancellationToken))
            read.Add(text);
    }

    private static string Text(char letter, int length) => new(letter, length);
}
