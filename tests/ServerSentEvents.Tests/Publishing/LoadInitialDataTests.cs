using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests that the reader loads the initial data, and that nothing falls between it and the live events.</summary>
public sealed partial class LoadInitialDataTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Publisher<string> _publisher;
    private readonly TaskCompletionSource<IEnumerable<SseItem<string>>> _load = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _token;
    private int _calls;

    public LoadInitialDataTests() => _publisher = new(new PublisherOptions
    {
        HistoryCapacity = 100,
        TimeProvider = _time,
        ReconnectionInterval = TimeSpan.FromSeconds(1),
        GapEvent = new("", "gap"),
    });

    public static TheoryData<string> Readers => new("text", "items", "copy");

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Read_EventsDuringTheLoad_FollowTheLoadedEvents(string reader)
    {
        var subscription = Subscribe();
        _publisher.Publish("live 1");
        _calls.Should().Be(0, "the reader has not started");
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, reader);
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live 2");
        read.Text.Should().NotContain("live");

        _load.SetResult([new("state 1"), new("state 2", "kind")]);

        await read.WaitForAsync("live 2");
        _publisher.Publish("live 3");
        _publisher.Close();
        await reading.WaitAsync(Limits.Patience);
        Frames.DataOf(read.Text).Should().Equal("state 1", "state 2", "live 1", "live 2", "live 3");
        _calls.Should().Be(1);
    }

    [Fact]
    public async Task CopyToAsync_LoadTakesLong_RetryIntervalIsWrittenBeforeIt()
    {
        var read = new ReadText();
        _ = Subscribe().CopyToAsync(new TextStream(read));

        await read.WaitForAsync("retry: 1000\n");
        _load.Task.IsCompleted.Should().BeFalse();
        _publisher.Dispose();
    }

    [Theory]
    [InlineData("text")]
    [InlineData("copy")]
    public async Task Read_LoadTakesLong_HeartbeatsComeBeforeIt(string reader)
    {
        using var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = _time, HeartbeatInterval = TimeSpan.FromSeconds(15) });
        var read = new ReadText();
        var reading = ReadAsync(publisher.Subscribe(new SubscribeOptions<string> { LoadInitialData = LoadAsync }), read, reader);
        await Limits.UntilAsync(() => _calls == 1);

        // A copy writes a comment at once.
        var first = reader == "copy" ? 1 : 0;
        for (var interval = 1; interval <= 3; interval++)
        {
            // An event that waits for the load does not count as activity.
            publisher.Publish("live");
            _time.Advance(TimeSpan.FromSeconds(19));
            await Limits.UntilAsync(() => HeartbeatsOf(read) >= first + interval);
        }

        Frames.DataOf(read.Text).Should().BeEmpty();
        _load.SetResult([new("state")]);
        publisher.Close();
        await reading.WaitAsync(Limits.Patience);
        Frames.DataOf(read.Text).Should().Equal("state", "live", "live", "live");
        HeartbeatsOf(read).Should().Be(first + 3, "each comes after an interval");
    }

    [Fact]
    public async Task CopyToAsync_LoadFunctionBlocks_HeartbeatsComeDuringIt()
    {
        using var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = _time, HeartbeatInterval = TimeSpan.FromSeconds(15) });
        using var release = new ManualResetEventSlim();
        var read = new ReadText();
        var subscription = publisher.Subscribe(new SubscribeOptions<string>
        {
            LoadInitialData = token =>
            {
                Interlocked.Increment(ref _calls);
                release.Wait(Limits.Patience, token);
                return new([]);
            },
        });

        var copying = OwnThread.RunAsync(() => _ = subscription.CopyToAsync(new TextStream(read)));
        await Limits.UntilAsync(() => _calls == 1);
        _time.Advance(TimeSpan.FromSeconds(19));

        await Limits.UntilAsync(() => HeartbeatsOf(read) == 2, "one comes at once, and one by time");
        release.Set();
        await copying;
    }

    [Fact]
    public async Task Read_ConcurrentPublishing_NoEventFallsBetweenSnapshotAndStream()
    {
        const int rounds = 200;
        var state = 0;
        var isStopped = false;
        var publishing = OwnThread.RunAsync(() =>
        {
            while (!Volatile.Read(ref isStopped))
            {
                // The state changes before its event is published, as documented.
                var next = Interlocked.Increment(ref state);
                _publisher.Publish($"{next}");
                Thread.Yield();
            }
        });

        try
        {
            for (var round = 0; round < rounds; round++)
            {
                var subscription = _publisher.Subscribe(new SubscribeOptions<string>
                {
                    // On a busy machine, the publisher can be far ahead of the reader.
                    QueueCapacity = int.MaxValue,
                    QueueCapacityBytes = long.MaxValue,
                    LoadInitialData = async _ =>
                    {
                        await Task.Yield();
                        return [new($"{Volatile.Read(ref state)}")];
                    },
                });
                await using var reader = subscription.AsItems().GetAsyncEnumerator();
                var snapshot = Number(await reader.NextAsync());
                var expected = 0;
                while (expected < snapshot + 3)
                {
                    var number = Number(await reader.NextAsync());
                    if (expected == 0)
                        number.Should().BeLessThanOrEqualTo(snapshot + 1, "no event is missing after the snapshot");
                    else
                        number.Should().Be(expected);
                    expected = number + 1;
                }
            }
        }
        finally
        {
            Volatile.Write(ref isStopped, true);
            await publishing;
        }
    }

    [Fact]
    public async Task Read_LoadedEvents_LastOneCarriesThePosition()
    {
        _publisher.Publish("before");
        var first = Subscribe();
        _load.SetResult([new("state 1"), new("state 2")]);
        await using var reader = first.AsItems().GetAsyncEnumerator();
        (await reader.NextAsync()).EventId.Should().BeNull();
        var id = (await reader.NextAsync()).EventId;
        await reader.DisposeAsync();
        _publisher.Publish("missed");

        var resumed = Subscribe(id);
        _publisher.Close();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("missed");
        _calls.Should().Be(1, "a client that resumes needs no state");
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Read_Resumed_FunctionIsNotCalled(string reader)
    {
        _publisher.Publish("seen", eventId: "1");
        _publisher.Publish("missed");
        var subscription = Subscribe("1");
        var read = new ReadText();
        _publisher.Close();

        await ReadAsync(subscription, read, reader).WaitAsync(Limits.Patience);

        subscription.Resume.Should().Be(ResumeResult.Resumed);
        Frames.DataOf(read.Text).Should().Equal("missed");
        _calls.Should().Be(0, "many clients that reconnect at once need no snapshots");
    }

    [Fact]
    public async Task Read_ResumeIsAGap_LoadsAfterTheGapEvent()
    {
        var subscription = Subscribe("unknown");
        _load.SetResult([new("state")]);
        _publisher.Close();

        var items = await subscription.AsItems().ToArrayAsync();

        items.Select(item => (item.EventType, item.Data)).Should().Equal(("gap", ""), ("message", "state"));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Read_LoadFails_ReaderGetsTheExceptionAndNoEvent(string reader)
    {
        var subscription = Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, reader);
        _publisher.Publish("live");

        _load.SetException(new FormatException("the load has failed"));

        (await FluentActions.Awaiting(() => reading.WaitAsync(Limits.Patience))
            .Should().ThrowAsync<FormatException>()).WithMessage("the load has failed");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        _publisher.GetSubscribers().Should().BeEmpty();
        read.Text.Should().NotContain("live");
    }

    [Theory]
    [InlineData("text", null, 5_000, 10_000)]
    [InlineData("copy", null, 5_000, 10_000)]
    [InlineData("copy", 2, 5_000, 10_000)]
    [InlineData("copy", 20, 20_000, 25_000)]
    public async Task Read_LoadFails_LongRandomRetryIntervalComesBeforeTheException(string reader, int? interval, int shortest, int longest)
    {
        using var publisher = new Publisher<string>(new PublisherOptions
        {
            ReconnectionInterval = interval is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        });
        var intervals = new HashSet<string>();
        for (var client = 0; client < 5; client++)
        {
            var subscription = publisher.Subscribe(
                new SubscribeOptions<string> { LoadInitialData = _ => throw new FormatException() });
            var read = new ReadText();

            await FluentActions.Awaiting(() => ReadAsync(subscription, read, reader).WaitAsync(Limits.Patience))
                .Should().ThrowAsync<FormatException>();

            var retry = read.Text.Split('\n').Last(line => line.StartsWith("retry: ", StringComparison.Ordinal));
            int.Parse(retry["retry: ".Length..], CultureInfo.InvariantCulture).Should().BeInRange(shortest, longest);
            intervals.Add(retry);
        }

        intervals.Should().HaveCountGreaterThan(1);
    }

    [Fact]
    public async Task Read_LoadAndHandlerThrow_HandlerDoesNotHideTheLoad()
    {
        _publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("the handler has failed");
        _load.SetException(new FormatException("the load has failed"));
        var reader = Subscribe().GetAsyncEnumerator();
        (await reader.MoveNextAsync()).Should().BeTrue("the retry interval comes first");
        (await reader.MoveNextAsync()).Should().BeTrue("the retry interval after the failure follows");

        await reader.Awaiting(each => each.MoveNextAsync().AsTask()).Should().ThrowAsync<FormatException>();

        var failure = (await reader.Awaiting(each => each.DisposeAsync().AsTask()).Should().ThrowAsync<AggregateException>()).Which;
        failure.InnerExceptions.Select(inner => inner.Message).Should().Equal("the handler has failed", "the load has failed");
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Read_LoadTimesOutByItself_ReaderGetsTheException(string reader)
    {
        var reading = ReadAsync(Subscribe(), new ReadText(), reader);

        _load.SetCanceled(new CancellationToken(canceled: true));

        await FluentActions.Awaiting(() => reading.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Read_LoadedEventCannotBeSent_ReaderGetsAnArgumentException()
    {
        var subscription = Subscribe();
        _load.SetResult([default]);

        await subscription.Awaiting(one => one.ToArrayAsync()).Should().ThrowAsync<ArgumentException>();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Read_FunctionThrowsAtOnce_ReaderGetsTheException()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { LoadInitialData = _ => throw new FormatException() });

        await subscription.Awaiting(one => one.ToArrayAsync()).Should().ThrowAsync<FormatException>();
    }

    [Fact]
    public async Task Read_NullInsteadOfASequence_MeansNoEvents()
    {
        var subscription = Subscribe();
        _publisher.Publish("live");
        _publisher.Close();
        _load.SetResult(null!);

        (await subscription.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal("live");
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Dispose_DuringTheLoad_CancelsItAndEndsTheStreamAtOnce(string reader)
    {
        var subscription = Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, reader);
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live");

        subscription.Dispose();

        await reading.WaitAsync(Limits.Patience);
        read.Text.Should().NotContain("live");
        await Limits.UntilAsync(() => _token.IsCancellationRequested);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Token_CanceledDuringTheLoad_CancelsItAndTheReader(string reader)
    {
        using var cancellation = new CancellationTokenSource();
        var reading = ReadAsync(Subscribe(), new ReadText(), reader, cancellation.Token);
        await Limits.UntilAsync(() => _calls == 1);

        await cancellation.CancelAsync();

        await FluentActions.Awaiting(() => reading.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        await Limits.UntilAsync(() => _token.IsCancellationRequested);
    }

    [Theory]
    [InlineData("text", false)]
    [InlineData("text", true)]
    [InlineData("items", false)]
    [InlineData("items", true)]
    [InlineData("copy", false)]
    [InlineData("copy", true)]
    public async Task DrainOrDisposeOfThePublisher_DuringTheLoad_CancelsItAndEndsWithTheRetryInterval(string reader, bool isDrain)
    {
        var subscription = Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, reader);
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live");

        if (isDrain)
            _publisher.Drain();
        else
            _publisher.Dispose();

        await reading.WaitAsync(Limits.Patience);
        read.Text.Should().Be(reader == "items" ? "" : "retry: 1000\n");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        await Limits.UntilAsync(() => _token.IsCancellationRequested);
    }

    [Theory]
    [InlineData("text", false)]
    [InlineData("copy", true)]
    public async Task DrainOrDisposeOfThePublisher_SubscriptionHadEndedDuringTheLoad_CancelsIt(string reader, bool isDrain)
    {
        var subscription = Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, reader);
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live");
        subscription.Close();

        if (isDrain)
            _publisher.Drain();
        else
            _publisher.Dispose();

        await reading.WaitAsync(Limits.Patience);
        read.Text.Should().Be("retry: 1000\n");
        await Limits.UntilAsync(() => _token.IsCancellationRequested);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("copy")]
    public async Task Drain_BeforeTheReaderStarts_FunctionIsNotCalled(string reader)
    {
        var subscription = Subscribe();
        _publisher.Publish("live");
        _publisher.Drain();
        var read = new ReadText();

        await ReadAsync(subscription, read, reader).WaitAsync(Limits.Patience);

        read.Text.Should().Be("retry: 1000\n");
        _calls.Should().Be(0);
    }

    [Fact]
    public async Task Drain_MissedPersonalizedEventIsBeingMade_FunctionIsNotCalled()
    {
        _publisher.Publish("seen", eventId: "1");
        _publisher.Publish(name =>
        {
            if (name is null)
                return null;
            _publisher.Drain();
            throw new FormatException();
        });
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { Properties = "Ann", LastEventId = "1", LoadInitialData = LoadAsync });
        var read = new ReadText();

        await ReadAsync(subscription, read, "copy").WaitAsync(Limits.Patience);

        subscription.Resume.Should().Be(ResumeResult.Gap);
        Frames.DataOf(read.Text).Should().Equal("");
        _calls.Should().Be(0);
    }

    [Fact]
    public async Task Drain_LoadEndsBeforeTheReaderWaits_LoadIsStillLost()
    {
        var load = new TaskCompletionSource<IEnumerable<SseItem<string>>>();
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { LoadInitialData = _ => new ValueTask<IEnumerable<SseItem<string>>>(load.Task) });
        var source = Private.Get(Private.Get(subscription, "Subscriber"), "PendingLoad");
        Private.Call(source, "Start");
        _publisher.Drain();
        Private.Get(source, "Wait").Should().BeNull("the reader does not wait, and finds no frame");

        // On the thread pool, the rest of the load runs before this call returns.
        await Task.Run(() => load.SetResult([new("state")]));

        Private.Get(source, "IsLost").Should().Be(true, "the reader would leave out the state, and go on with the queue");
    }

    [Fact]
    public async Task Close_DuringTheLoad_LoadAndQueueAreStillDelivered()
    {
        var subscription = Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, "copy");
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live");
        _publisher.Close();
        _time.Advance(TimeSpan.FromSeconds(20));

        _load.SetResult([new("state")]);

        await reading.WaitAsync(Limits.Patience);
        Frames.DataOf(read.Text).Should().Equal("state", "live");
    }

    [Fact]
    public async Task Close_LoadTakesLongerThanTheLingerTimeout_IsCanceled()
    {
        var read = new ReadText();
        var reading = ReadAsync(Subscribe(), read, "copy");
        await Limits.UntilAsync(() => _calls == 1);
        await read.WaitForAsync("retry: 1000\n");
        _publisher.Publish("live");
        _publisher.Close();

        for (var i = 0; i < 8; i++)
            _time.Advance(TimeSpan.FromSeconds(8));

        await reading.WaitAsync(Limits.Patience);
        read.Text.Should().Be("retry: 1000\n");
        await Limits.UntilAsync(() => _token.IsCancellationRequested);
    }

    [Fact]
    public async Task Overflow_DuringTheLoad_SubscriptionEndsAfterTheQueue()
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { QueueCapacity = 1, LoadInitialData = LoadAsync });
        var reading = subscription.AsItems().ToArrayAsync();
        await Limits.UntilAsync(() => _calls == 1);
        _publisher.Publish("live 1");
        _publisher.Publish("live 2");

        _load.SetResult([new("state")]);

        (await reading).Select(item => item.Data).Should().Equal("state", "live 1");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
    }

    [Fact]
    public async Task CopyToAsync_FunctionBlocks_OtherCopiesGetTheirEvents()
    {
        using var release = new ManualResetEventSlim();
        var blocked = _publisher.Subscribe(new SubscribeOptions<string>
        {
            LoadInitialData = _ =>
            {
                release.Wait(CancellationToken.None);
                return new([]);
            },
        });
        var copying = OwnThread.RunAsync(() => blocked.CopyToAsync(new TextStream(new ReadText())));
        var read = new ReadText();
        _ = _publisher.Subscribe().CopyToAsync(new TextStream(read));

        _publisher.Publish("live");

        await read.WaitForAsync("data: live\n");
        release.Set();
        _publisher.Dispose();
        await (await copying).WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Cancellation_CallbackBlocks_DisposeReturns()
    {
        using var release = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            LoadInitialData = async token =>
            {
                token.Register(() =>
                {
                    entered.SetResult();
                    release.Wait(Limits.Patience);
                });
                Interlocked.Increment(ref _calls);
                return await _load.Task;
            },
        });
        var reading = subscription.ToArrayAsync();
        await Limits.UntilAsync(() => _calls == 1);

        OwnThread.Run(subscription.Dispose);

        (await reading).Should().HaveCountLessThanOrEqualTo(1);
        await entered.Task.WaitAsync(Limits.Patience);
        release.Set();
    }

    [Fact]
    public void Subscribe_InitialDataAndLoadInitialData_Throws() =>
        _publisher.Invoking(publisher => publisher.Subscribe(
                new SubscribeOptions<string> { InitialData = [], LoadInitialData = LoadAsync }))
            .Should().Throw<ArgumentException>().WithParameterName("options").WithMessage("*not both*");

    private Subscription<string> Subscribe(string? lastEventId = null) => _publisher.Subscribe(
        new SubscribeOptions<string> { LastEventId = lastEventId, LoadInitialData = LoadAsync });

    private async ValueTask<IEnumerable<SseItem<string>>> LoadAsync(CancellationToken cancellationToken)
    {
        _token = cancellationToken;
        Interlocked.Increment(ref _calls);
        return await _load.Task;
    }

    private static async Task ReadAsync(
        Subscription<string> subscription, ReadText read, string reader, CancellationToken cancellationToken = default)
    {
        switch (reader)
        {
            case "text":
                await foreach (var text in subscription.WithCancellation(cancellationToken))
                    read.Add(text);
                break;
            case "items":
                await foreach (var item in subscription.AsItems().WithCancellation(cancellationToken))
                    read.Add($"data: {item.Data}\n\n");
                break;
            default:
                await subscription.CopyToAsync(new TextStream(read), cancellationToken);
                break;
        }
    }

    private static int HeartbeatsOf(ReadText read) => read.Text.Split(":\n").Length - 1;

    private static int Number(SseItem<string> item) => int.Parse(item.Data, CultureInfo.InvariantCulture);
}
