using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text.RegularExpressions;

namespace ServerSentEvents.Tests;

/// <summary>Tests the measurements of the meter. The process has one meter, so no other test may run at the same time.</summary>
[Collection(nameof(RunAlone))]
public sealed partial class MetricsTests : IDisposable
{
    private const string Prefix = "server_sent_events.";
    private const int MatchLimit = 10_000;
    /// <summary>The size of an event with one character of data and a generated id.</summary>
    private const int EventBytes = 9 + 28;

    /// <summary>The size of an event with one character of data and the id "own".</summary>
    private const int OwnIdBytes = 9 + 8;

    private readonly Dictionary<string, long> _measured = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private Action _onMeasured = () => { };

    public MetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != "ServerSentEvents")
                return;
            _instruments[instrument.Name] = instrument;
            // The durations of these tests would still be recorded during tests of durations.
            if (instrument is not Histogram<double>)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            _onMeasured();
            var name = instrument.Name[Prefix.Length..];
            foreach (var tag in tags)
                name += $" {tag.Key}={tag.Value}";
            // A second copy of the library in this process has instruments of the same names.
            _measured[name] = _measured.GetValueOrDefault(name) + value;
        });
        _listener.StartUntilDisposed();
        // Publishers of earlier tests hold queues, which a later collection would take out of the measurements.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_EachKindOfActivity_IsCounted()
    {
        var before = Observe();
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var reading = publisher.Subscribe(initialData: ["initial"]);
        var dropping = publisher.Subscribe(
            new SubscribeOptions<string> { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
        var overflowing = publisher.Subscribe(new SubscribeOptions<string> { QueueCapacity = 2 });
        Observe()["subscribers"].Should().Be(before["subscribers"] + 3);

        publisher.Publish("1");
        publisher.Publish(_ => "2");
        publisher.PublishComment("not an event");
        publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "unknown" }).Dispose();
        reading.Close();
        var texts = await reading.ToArrayAsync();
        var id = texts[1].Split('\n')[1]["id: ".Length..];
        using var cancellation = new CancellationTokenSource();
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id });
        _ = resumed.GetAsyncEnumerator(cancellation.Token);
        await cancellation.CancelAsync();

        dropping.DroppedEvents.Should().Be(2);
        overflowing.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        var after = Observe();
        // The publishers of earlier tests can become garbage at any time.
        after.Remove("history.bytes");
        var changes = after.ToDictionary(measurement => measurement.Key, measurement => measurement.Value - before[measurement.Key]);
        changes.Remove("queue.bytes").Should().BeTrue("it has its own tests");
        changes.Should().Equal(new Dictionary<string, long>
        {
            ["subscribers"] = 1,
            ["events.published"] = 2,
            ["events.delivered"] = 3,
            ["events.dropped"] = 2,
            ["events.conflated"] = 0,
            ["gaps"] = 0,
            ["subscriptions.ended reason=overflowed"] = 1,
            ["subscriptions.ended reason=unsubscribed"] = 1,
            ["subscriptions.ended reason=closed"] = 1,
            ["subscriptions.ended reason=canceled"] = 1,
            ["resumes result=gap"] = 1,
            ["resumes result=resumed"] = 1,
            ["replay.failures"] = 0,
            ["subscriptions.cut_off"] = 0,
            ["subscriptions.refused"] = 0,
        });
        publisher.Dispose();
        Observe()["subscribers"].Should().Be(before["subscribers"]);
    }

    [Theory]
    [InlineData("subscribers", typeof(ObservableUpDownCounter<long>), "{subscriber}")]
    [InlineData("events.published", typeof(ObservableCounter<long>), "{event}")]
    [InlineData("events.delivered", typeof(ObservableCounter<long>), "{event}")]
    [InlineData("events.dropped", typeof(ObservableCounter<long>), "{event}")]
    [InlineData("subscriptions.ended", typeof(ObservableCounter<long>), "{subscription}")]
    [InlineData("resumes", typeof(ObservableCounter<long>), "{resume}")]
    [InlineData("replay.failures", typeof(ObservableCounter<long>), "{failure}")]
    [InlineData("queue.bytes", typeof(ObservableUpDownCounter<long>), "By")]
    [InlineData("subscriptions.cut_off", typeof(ObservableCounter<long>), "{subscription}")]
    [InlineData("events.conflated", typeof(ObservableCounter<long>), "{event}")]
    [InlineData("gaps", typeof(ObservableCounter<long>), "{gap}")]
    [InlineData("subscriptions.refused", typeof(ObservableCounter<long>), "{subscription}")]
    [InlineData("history.bytes", typeof(ObservableUpDownCounter<long>), "By")]
    [InlineData("delivery.duration", typeof(Histogram<double>), "s")]
    public void Instrument_OfTheMeter_HasItsKindUnitAndDescription(string name, Type kind, string unit)
    {
        _ = new Publisher();

        var instrument = _instruments[Prefix + name];

        instrument.Should().BeOfType(kind);
        instrument.Unit.Should().Be(unit);
        instrument.Description.Should().EndWith(".");
    }

    [Fact]
    public void Tags_OfTheMeter_AreThoseOfTheReadme()
    {
        _ = new Publisher();
        var readme = File.ReadAllText(RepositoryFiles.PathOf("src/ServerSentEvents/README.md"));

        var documented =
            from row in InstrumentRow().Matches(readme)
            let names = Code().Matches(row.Groups["tags"].Value).Select(match => match.Groups["name"].Value).ToList()
            from value in names.Skip(1)
            select $"{row.Groups["name"].Value[Prefix.Length..]} {names[0]}={value}";

        documented.Should().BeEquivalentTo(Observe().Keys.Where(name => name.Contains('=')))
            .And.HaveCount(6).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public void Instruments_OfTheMeter_AreThoseOfTheReadme()
    {
        _ = new Publisher();
        var readme = File.ReadAllText(RepositoryFiles.PathOf("src/ServerSentEvents/README.md"));

        var documented = InstrumentRow().Matches(readme).Select(match => match.Groups["name"].Value);

        documented.Should().BeEquivalentTo(_instruments.Keys).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task QueueBytes_SubscriberOfTwoChannels_CountsOnce()
    {
        var before = SettledQueueBytes();
        var publisher = new Publisher();
        var both = publisher.Subscribe(["a", "b"], initialData: ["initial data does not count"]);
        var one = publisher.Subscribe("a");

        publisher.Publish("x", "a");
        publisher.Publish("x", "b");
        publisher.PublishComment("x", ["a", "b"]);

        var bytes = "data: x\n\ndata: x\n\n: x\n".Length + "data: x\n\n: x\n".Length;
        (both.QueuedBytes + one.QueuedBytes).Should().Be(bytes);
        Observe()["queue.bytes"].Should().Be(before + bytes);
        publisher.Unsubscribe("a");
        await using var reader = both.GetAsyncEnumerator();
        for (var i = 0; i < 4; i++)
            await reader.NextAsync();
        Observe()["queue.bytes"].Should().Be(before + one.QueuedBytes);
        one.Dispose();
        Observe()["queue.bytes"].Should().Be(before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task QueueBytes_EndedSubscriptionsWithAQueue_CountUntilTheyAreRead(bool isDisposing)
    {
        var before = SettledQueueBytes();
        var publisher = new Publisher();
        var subscriptions = Enumerable.Range(0, 2_000).Select(_ => publisher.Subscribe()).ToList();
        publisher.Publish("x");

        if (isDisposing)
            publisher.Dispose();
        else
            publisher.Close();

        Observe()["queue.bytes"].Should().Be(before + (2_000 * "data: x\n\n".Length));
        foreach (var subscription in subscriptions)
            await subscription.ToArrayAsync();
        Observe()["queue.bytes"].Should().Be(before);
        GC.KeepAlive(publisher);
    }

    [Fact]
    public void QueueBytes_MoreSubscribersAndChannelsThanOneStepLooksAt_AreAllCounted()
    {
        var before = SettledQueueBytes();
        var publisher = new Publisher();
        var subscriptions = new List<Subscription<object?>>();
        for (var i = 0; i < 2_500; i++)
        {
            subscriptions.Add(publisher.Subscribe("all"));
            subscriptions.Add(publisher.Subscribe($"own {i}"));
            publisher.Publish("x", $"own {i}");
        }

        publisher.Publish("x", "all");
        Observe()["queue.bytes"].Should().Be(before + subscriptions.Sum(subscription => subscription.QueuedBytes));
        for (var i = 0; i < 3_000; i += 3)
            subscriptions[i].Dispose();
        for (var i = 0; i < 1_000; i++)
            subscriptions.Add(publisher.Subscribe([$"own {i}", $"new {i}"]));
        publisher.Publish("x", [.. Enumerable.Range(0, 2_500).Select(i => $"own {i}")]);

        Observe()["queue.bytes"].Should().Be(before + subscriptions.Sum(subscription => subscription.QueuedBytes));
    }

    [Fact]
    public async Task QueueBytes_PublisherThatNothingRefersTo_IsCollectedAndNoLongerCounts()
    {
        var before = SettledQueueBytes();

        var collected = PublishAndForget();

        await new[] { collected }.ShouldBecomeGarbageAsync();
        Observe()["queue.bytes"].Should().Be(before);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference PublishAndForget()
        {
            var publisher = new Publisher();
            var subscription = publisher.Subscribe();
            publisher.Publish("x");
            Observe()["queue.bytes"].Should().Be(before + subscription.QueuedBytes);
            return new(publisher);
        }
    }

    [Fact]
    public void QueueBytes_Listener_RunsUnlocked()
    {
        var publisher = new Publisher();
        publisher.Subscribe();
        var calls = 0;
        _onMeasured = () =>
        {
            calls++;
            OwnThread.Run(() => new Publisher().Publish("x"));
            OwnThread.Run(() => publisher.Publish("x").Should().Be(1));
        };

        Observe();

        calls.Should().BePositive();
    }

    [Fact]
    public async Task CutOff_ClientsTookNothingAfterTheEnd_CountsThoseThatHadSomethingLeft()
    {
        var before = Observe()["subscriptions.cut_off"];
        var time = new FakeTimeProvider();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = time, LingerTimeout = TimeSpan.FromSeconds(40) });
        var unread = publisher.Subscribe();
        var stuck = new SlowClient(publisher.Subscribe());
        var canceled = publisher.Subscribe();
        using var cancellation = new CancellationTokenSource();
        var canceledWriter = new NeverFlushingWriter();
        var canceledCopy = canceled.CopyToAsync(canceledWriter, cancellation.Token);
        var read = publisher.Subscribe();
        var reader = read.GetAsyncEnumerator();
        var disposed = publisher.Subscribe();
        publisher.Publish("x");
        await stuck.WaitAsync();
        await canceledWriter.Flushing.WaitAsync(Limits.Patience);
        await cancellation.CancelAsync();
        publisher.Close();
        await reader.NextAsync();
        disposed.Dispose();

        AdvanceBeyondTimeout();
        await stuck.Copy.WaitAsync(Limits.Patience);
        await Limits.UntilAsync(() => unread.QueuedEvents == 0);
        // Those that must not count are looked at before this one.
        var last = publisher.Subscribe();
        publisher.Publish("x");
        last.Close();
        AdvanceBeyondTimeout();

        await Limits.UntilAsync(() => Observe()["subscriptions.cut_off"] >= before + 3);
        Observe()["subscriptions.cut_off"].Should().Be(before + 3);
        canceledCopy.IsCompleted.Should().BeFalse("its writer ignores the cancellation");
        read.EndReason.Should().Be(SubscriptionEndReason.Closed);

        void AdvanceBeyondTimeout()
        {
            for (var i = 0; i < 6; i++)
                time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public async Task ReplayFailures_FunctionThrowsForMissedEvents_AreCounted()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var first = publisher.Subscribe();
        publisher.Publish("seen");
        var id = (await first.GetAsyncEnumerator().NextAsync()).Split('\n')[1]["id: ".Length..];
        first.Dispose();
        for (var i = 0; i < 3; i++)
            publisher.Publish(name => name == "failing" ? throw new FormatException() : name);
        var before = Observe();

        var failing = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id, Properties = "failing" });
        var healthy = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = id, Properties = "healthy" });

        failing.Resume.Should().Be(ResumeResult.Gap);
        healthy.Resume.Should().Be(ResumeResult.Resumed);
        var after = Observe();
        after["replay.failures"].Should().Be(before["replay.failures"] + 3);
        after["resumes result=gap"].Should().Be(before["resumes result=gap"] + 1);
    }

    [Fact]
    public void Gaps_ResumeAndDroppedEvents_CountEachGapEvent()
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacity = 1,
            QueueOverflow = QueueOverflow.DropOldest,
            GapEvent = new("", "gap"),
        });
        var before = Observe();

        publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "unknown" }).Dispose();
        publisher.Subscribe();
        for (var i = 0; i < 4; i++)
            publisher.Publish("an event");

        (Observe()["gaps"] - before["gaps"]).Should().Be(2, "the three drops are one hole");
    }

    [Fact]
    public void Conflated_EventsReplaceQueuedOnes_CountsTheReplacements()
    {
        var publisher = new Publisher<string>();
        publisher.Subscribe(new SubscribeOptions<string> { ConflationKey = static _ => "key" });
        var before = Observe();

        for (var i = 0; i < 3; i++)
            publisher.Publish("an event");

        (Observe()["events.conflated"] - before["events.conflated"]).Should().Be(2);
        Observe()["events.dropped"].Should().Be(before["events.dropped"]);
    }

    [Fact]
    public void SubscriptionsRefused_MaxSubscribersReached_CountsEachAndNoEnd()
    {
        using var publisher = new Publisher(new PublisherOptions { MaxSubscribers = 1 });
        publisher.Subscribe();
        var before = Observe();

        publisher.Subscribe();
        publisher.Subscribe(new SubscribeOptions<object?> { InitialData = [] }).Dispose();
        publisher.Close();
        publisher.Subscribe(initialData: TakeLastPlace()).Dispose();
        publisher.Drain();
        publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Closed);

        var after = Observe();
        after["subscriptions.refused"].Should().Be(before["subscriptions.refused"] + 3);
        after["subscribers"].Should().Be(before["subscribers"] - 1);
        after["subscriptions.ended reason=closed"].Should().Be(before["subscriptions.ended reason=closed"] + 2);
        after["subscriptions.ended reason=unsubscribed"].Should().Be(before["subscriptions.ended reason=unsubscribed"]);
        after.Keys.Should().NotContain("subscriptions.ended reason=refused");

        IEnumerable<string> TakeLastPlace()
        {
            publisher.Subscribe();
            yield return "state";
        }
    }

    [Fact]
    public void HistoryBytes_EventsComeAndGo_IsTheirSum()
    {
        var before = SettledHistoryBytes();
        var first = NewPublisherWithHistory();
        var second = NewPublisherWithHistory();

        first.Publish("1", ["a", "b"]);
        HistoryBytes().Should().Be(EventBytes);
        first.Publish(new SseItem<string>("2") { EventId = "own" }, "a");
        HistoryBytes().Should().Be(EventBytes + OwnIdBytes);
        first.Publish(_ => "personalized", "a");
        first.PublishComment("comment", "a");
        second.Publish("1");
        HistoryBytes().Should().Be((2 * EventBytes) + OwnIdBytes);
        first.Publish("3", "a");
        HistoryBytes().Should().Be((3 * EventBytes) + OwnIdBytes, "the first event has left one of its two channels");
        first.Publish("4", "a");
        HistoryBytes().Should().Be(4 * EventBytes);

        first.Dispose();
        HistoryBytes().Should().Be(EventBytes);
        second.Publish(new string('x', 1_000));
        HistoryBytes().Should().Be(0, "the bound evicts everything");
        GC.KeepAlive(first);
        GC.KeepAlive(second);

        long HistoryBytes() => Observe()["history.bytes"] - before;
    }

    [Fact]
    public async Task HistoryBytes_PublisherIsForgotten_NoLongerCounts()
    {
        var before = SettledHistoryBytes();

        var forgotten = Forget();
        await forgotten.ShouldBecomeGarbageAsync();

        Observe()["history.bytes"].Should().Be(before);

        // More publishers than the library remembers before it looks for those that are garbage.
        [MethodImpl(MethodImplOptions.NoInlining)]
        List<WeakReference> Forget()
        {
            var publishers = Enumerable.Range(0, 200).Select(_ => NewPublisherWithHistory()).ToList();
            publishers.ForEach(publisher => publisher.Publish("1"));
            Observe()["history.bytes"].Should().Be(before + (200 * EventBytes));
            return publishers.ConvertAll(publisher => new WeakReference(publisher));
        }
    }

    [Fact]
    public async Task HistoryBytes_ManyPublishersAreForgotten_KeepsTheRest()
    {
        var before = SettledHistoryBytes();
        var kept = NewPublisherWithHistory();
        kept.Publish("1");

        for (var i = 0; i < 5; i++)
            await Forget().ShouldBecomeGarbageAsync();

        Observe()["history.bytes"].Should().Be(before + EventBytes);
        GC.KeepAlive(kept);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static List<WeakReference> Forget() =>
            Enumerable.Range(0, 100).Select(_ => new WeakReference(NewPublisherWithHistory())).ToList();
    }

    [Fact]
    public async Task Instruments_AListenerThrows_SubscriptionsAndEventsAreNotAffected()
    {
        using var throwing = new MeterListener();
        var calls = 0;
        throwing.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents")
                listener.EnableMeasurementEvents(instrument);
        };
        throwing.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            calls++;
            throw new FormatException();
        });
        throwing.StartUntilDisposed();
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var read = new ReadText();
        var subscription = publisher.Subscribe();
        var dropping = publisher.Subscribe(
            new SubscribeOptions<string> { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
        var copy = publisher.Subscribe().CopyToAsync(new TextStream(read));
        await using var reader = subscription.GetAsyncEnumerator();

        throwing.Invoking(listener => listener.RecordObservableInstruments()).Should().Throw<Exception>();
        publisher.Publish("1").Should().Be(3);
        publisher.Publish(_ => "2").Should().Be(3);

        (await reader.NextAsync()).Should().StartWith("data: 1\n");
        (await reader.NextAsync()).Should().StartWith("data: 2\n");
        await read.WaitForAsync("data: 2\n");
        publisher.GetSubscribers().Should().HaveCount(3);
        dropping.DroppedEvents.Should().Be(1);
        publisher.Close();
        await reader.ShouldEndAsync();
        await copy.WaitAsync(Limits.Patience);
        read.WithoutIds.Should().Be("data: 1\n\ndata: 2\n\n");
        calls.Should().BePositive();
    }

    [Fact]
    public async Task Instruments_AListenerThrowsWhenTheyAreCreated_PublishersCanBeUsedAndDeliveriesAreMeasured()
    {
        // The instruments are created once in a process, so this test loads the library a second time.
        var isThrowing = false;
        using var throwing = new MeterListener();
        throwing.InstrumentPublished = (instrument, _) =>
        {
            if (isThrowing && instrument.Meter.Name == "ServerSentEvents")
                throw new FormatException();
        };
        throwing.StartUntilDisposed();
        var library = new AssemblyLoadContext(name: null).LoadFromAssemblyPath(typeof(Publisher).Assembly.Location);
        dynamic publisher = Activator.CreateInstance(library.GetType(typeof(Publisher).FullName!)!)!;
        isThrowing = true;

        int reached = publisher.Publish("x");

        reached.Should().Be(0);
        isThrowing = false;
        var measured = 0;
        using var later = new MeterListener();
        later.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents")
                listener.EnableMeasurementEvents(instrument);
        };
        later.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref measured));
        later.StartUntilDisposed();
        IAsyncEnumerable<string> stream = publisher.Subscribe();
        publisher.Publish("x");
        (await stream.GetAsyncEnumerator().NextAsync()).Should().Be("data: x\n\n");
        await Limits.UntilAsync(() => Volatile.Read(ref measured) == 1);
    }

    [Fact]
    public void Instruments_AListenerWaitsForAThreadThatUsesAPublisherWhenTheyAreCreated_DoesNotBlock()
    {
        // The instruments are created once in a process, so this test loads the library a second time.
        var library = new AssemblyLoadContext(name: null).LoadFromAssemblyPath(typeof(Publisher).Assembly.Location);
        var publisherType = library.GetType(typeof(Publisher).FullName!)!;
        var isListening = false;
        var reached = new List<int>();
        var failures = new List<Exception?>();
        using var waiting = new MeterListener();
        waiting.InstrumentPublished = (instrument, _) =>
        {
            if (!isListening || instrument.Meter.Name != "ServerSentEvents")
                return;
            failures.Add(Record.Exception(() => OwnThread.Run(UseAPublisher)));
            // Each failure takes the limit of a wait, so one is enough.
            isListening = failures[^1] is null;
        };
        waiting.StartUntilDisposed();
        isListening = true;

        UseAPublisher();

        // The library ignores exceptions of listeners, so the test keeps them.
        failures.Should().NotBeEmpty().And.OnlyContain(failure => failure == null);
        reached.Should().HaveCount(failures.Count + 1).And.OnlyContain(subscribers => subscribers == 1);

        void UseAPublisher()
        {
            dynamic publisher = Activator.CreateInstance(publisherType)!;
            dynamic subscription = publisher.Subscribe();
            reached.Add((int)publisher.Publish("x"));
            subscription.Dispose();
            publisher.Dispose();
        }
    }

    private static Publisher NewPublisherWithHistory() =>
        new(new PublisherOptions { HistoryCapacity = 3, HistoryCapacityBytes = 500, HistoryMaxAge = null });

    /// <summary>Returns the bytes in the queues of other tests when their publishers have become garbage.</summary>
    private long SettledQueueBytes() => Garbage.SettledValue(() => Observe()["queue.bytes"]);

    /// <summary>Returns the bytes in the histories of other tests when their publishers have become garbage.</summary>
    private long SettledHistoryBytes() => Garbage.SettledValue(() => Observe()["history.bytes"]);

    private Dictionary<string, long> Observe()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
        return new(_measured);
    }

    [GeneratedRegex(
        @"^\| `(?<name>server_sent_events\.[^`]*)` \|[^|]*\|(?<tags>[^|]*)\|",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        MatchLimit)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex("`(?<name>[a-z_]+)`", RegexOptions.ExplicitCapture, MatchLimit)]
    private static partial Regex Code();

    /// <summary>A writer whose flush never ends, and which ignores every cancellation.</summary>
    private sealed class NeverFlushingWriter : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[1024];
        private readonly TaskCompletionSource _flushing = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when the flush has begun.</summary>
        internal Task Flushing => _flushing.Task;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory;

        public override Span<byte> GetSpan(int sizeHint = 0) => _memory;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _flushing.TrySetResult();
            return new(new TaskCompletionSource<FlushResult>().Task);
        }
    }
}
