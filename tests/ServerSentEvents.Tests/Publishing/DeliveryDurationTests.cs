using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Threading.Channels;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests the measured durations of deliveries. The process has one meter, so no other test may run at the same time.
/// </summary>
[Collection(nameof(RunAlone))]
public sealed class DeliveryDurationTests : IAsyncLifetime
{
    private const int BufferedMeasurements = 8_192;

    private readonly ConcurrentQueue<double> _measured = new();
    private readonly ManualResetEventSlim _release = new();
    private MeterListener? _listener;
    private Instrument? _instrument;

    /// <summary>Waits until the measurements of other tests are recorded, so that none of them reaches this test.</summary>
    public Task InitializeAsync() => Limits.UntilAsync(IsRecorded);

    /// <summary>Waits until all measurements are recorded, so that none of them reaches the next test.</summary>
    public async Task DisposeAsync()
    {
        _release.Set();
        await Limits.UntilAsync(IsRecorded);
        _listener?.Dispose();
        _release.Dispose();
    }

    [Theory]
    [InlineData("text")]
    [InlineData("items")]
    [InlineData("copy")]
    [InlineData("personalized text")]
    public async Task Delivery_AnyReader_IsTheTimeSinceThePublishByTheSystemClock(string way)
    {
        Listen();
        var time = new FakeTimeProvider();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = time, HistoryCapacity = 10 });
        var subscription = publisher.Subscribe();

        var before = Stopwatch.GetTimestamp();
        if (way == "personalized text")
            publisher.Publish(_ => "x");
        else
            publisher.Publish("x");
        var published = Stopwatch.GetTimestamp();
        time.Advance(TimeSpan.FromMinutes(5));
        await PassAsync(TimeSpan.FromMilliseconds(30));
        var waited = Stopwatch.GetElapsedTime(published);
        await ReadOneAsync(subscription, way);
        var all = Stopwatch.GetElapsedTime(before);

        (await MeasuredAsync(1)).Should().ContainSingle().Which.Should().BeInRange(
            waited.TotalSeconds - Tick, all.TotalSeconds + Tick);
    }

    [Fact]
    public async Task Delivery_EventLargerThanOneFlush_EndsWithItsLastByte()
    {
        Listen();
        var publisher = new Publisher();
        var client = new SlowClient(publisher.Subscribe());
        publisher.Publish(new string('x', 200 * 1024));
        var published = Stopwatch.GetTimestamp();

        await client.WaitAsync();
        await PassAsync(TimeSpan.FromMilliseconds(30));
        var waited = Stopwatch.GetElapsedTime(published);
        publisher.Close();
        client.Take();
        await client.TakeAllAsync();

        (await MeasuredAsync(1)).Should().ContainSingle().Which.Should().BeGreaterThan(waited.TotalSeconds - Tick);
    }

    [Fact]
    public async Task Delivery_OneEventToSeveralSubscribers_IsMeasuredForEach()
    {
        Listen();
        var publisher = new Publisher();
        var copies = Enumerable.Range(0, 3).Select(_ => publisher.Subscribe().CopyToAsync(Stream.Null)).ToList();
        var reading = publisher.Subscribe();

        publisher.Publish("x");
        publisher.Publish(_ => "x");
        publisher.Close();
        await Task.WhenAll(copies).WaitAsync(Limits.Patience);
        await reading.ToArrayAsync();

        (await MeasuredAsync(8)).Should().HaveCount(8).And.OnlyContain(seconds => seconds >= 0 && seconds < 60);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("items")]
    [InlineData("copy")]
    public async Task Delivery_InitialReplayedAndCommentFrames_AreNotMeasured(string way)
    {
        var wait = TimeSpan.FromMilliseconds(200);
        Listen();
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        publisher.Publish("seen", "earlier");
        var first = publisher.Subscribe(initialData: ["initial"]);
        var id = (await first.AsItems().GetAsyncEnumerator().NextAsync()).EventId;
        publisher.Publish("missed");
        publisher.Publish(_ => "missed");
        first.Dispose();
        var resumed = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = id });
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        await PassAsync(wait);
        var before = Stopwatch.GetTimestamp();

        publisher.PublishComment("not an event");
        publisher.Publish("live");
        publisher.Close();
        await ReadAllAsync(resumed, way);

        // Measurements keep their order, so one of an earlier frame would have come before this one, and would be longer than the
        // wait. Readers that another test has left behind can still have short ones.
        var limit = Math.Max(wait.TotalSeconds, Stopwatch.GetElapsedTime(before).TotalSeconds + Tick);
        (await MeasuredAsync(1)).Should().NotBeEmpty().And.OnlyContain(seconds => seconds < limit);
    }

    [Fact]
    public async Task Delivery_EventPublishedWithoutAListener_IsNotMeasured()
    {
        var publisher = new Publisher();
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();
        publisher.Publish("without a listener");
        publisher.Publish(_ => "without a listener");
        Listen();
        publisher.Publish("with a listener");

        for (var i = 0; i < 3; i++)
            await reader.NextAsync();

        (await MeasuredAsync(1)).Should().ContainSingle();
    }

    [Fact]
    public async Task Delivery_ListenerHasLeft_EventsAreStillDelivered()
    {
        Listen();
        var publisher = new Publisher();
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();
        publisher.Publish("1");

        _listener!.Dispose();
        publisher.Publish("2");

        (await reader.NextAsync()).Should().Be("data: 1\n\n");
        (await reader.NextAsync()).Should().Be("data: 2\n\n");
        Listen();
        publisher.Publish("3");
        await reader.NextAsync();
        (await MeasuredAsync(1)).Should().ContainSingle();
    }

    [Fact]
    public async Task Delivery_ListenerBlocks_CopiesAndReadersGetEverythingAndSomeMeasurementsAreDropped()
    {
        const int events = 3 * BufferedMeasurements;
        var entered = new ManualResetEventSlim();
        Listen(() =>
        {
            entered.Set();
            _release.Wait(Limits.Patience);
        });
        var publisher = new Publisher();
        var read = new List<ReadText>();
        var copies = new List<Task>();
        for (var i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            read.Add(new ReadText());
            copies.Add(publisher.Subscribe("copied").CopyToAsync(new TextStream(read[i])));
        }

        await using var reader = publisher.Subscribe().GetAsyncEnumerator();

        publisher.Publish("x", "copied");
        foreach (var text in read)
            await text.WaitForAsync("data: x\n");
        await OwnThread.RunAsync(() => entered.Wait(Limits.Patience).Should().BeTrue());
        for (var i = 0; i < events; i++)
        {
            publisher.Publish("x");
            await reader.NextAsync();
        }

        _measured.Should().BeEmpty("the listener blocks");
        _release.Set();
        (await MeasuredAsync(BufferedMeasurements)).Should().HaveCountLessThanOrEqualTo(BufferedMeasurements + 1);
        publisher.Publish("later", "copied");
        publisher.Close();
        await Task.WhenAll(copies).WaitAsync(Limits.Patience);
        await MeasuredAsync(BufferedMeasurements + copies.Count);
    }

    [Fact]
    public async Task Delivery_ListenerThrows_TheNextEventsAreMeasured()
    {
        var calls = 0;
        Listen(() =>
        {
            if (Interlocked.Increment(ref calls) <= 2)
                throw new FormatException();
        });
        var publisher = new Publisher();
        await using var reader = publisher.Subscribe().GetAsyncEnumerator();

        for (var i = 1; i <= 3; i++)
        {
            publisher.Publish("x");
            (await reader.NextAsync()).Should().Be("data: x\n\n");
            await Limits.UntilAsync(() => Volatile.Read(ref calls) == i, "each delivery is measured");
        }

        (await MeasuredAsync(1)).Should().ContainSingle();
    }

    [Theory]
    [InlineData("text")]
    [InlineData("copy")]
    public async Task Delivery_Listener_RunsUnlockedOnAnotherThread(string way)
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        var reading = new AsyncLocal<bool> { Value = true };
        var isDetached = true;
        Listen(() =>
        {
            isDetached &= Thread.CurrentThread.IsThreadPoolThread && !reading.Value;
            OwnThread.Run(() => publisher.GetSubscribers());
            OwnThread.Run(() => subscription.QueuedBytes.Should().Be(0));
        });

        publisher.Publish("x");
        await ReadOneAsync(subscription, way);

        (await MeasuredAsync(1)).Should().ContainSingle();
        isDetached.Should().BeTrue("the measuring has no context of a reader");
    }

#if NET9_0_OR_GREATER
    [Fact]
    public void Instrument_Buckets_AscendFromATenthOfAMillisecond()
    {
        Listen();
        _ = new Publisher();

        var boundaries = _instrument.Should().BeOfType<Histogram<double>>().Which.Advice!.HistogramBucketBoundaries!;

        boundaries.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        boundaries[0].Should().Be(0.0001);
        boundaries[^1].Should().Be(30);
    }
#endif

    private static bool IsRecorded()
    {
        const BindingFlags flags = BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        var metrics = typeof(Publisher).Assembly.GetType("ServerSentEvents.Internal.Diagnostics.PublisherMetrics")!;
        var deliveries = metrics.GetField("_deliveries", flags)!.GetValue(null);
        return deliveries is null || (((Channel<double>)Field("_buffer")).Reader.Count == 0 && (int)Field("_isRecording") == 0);

        object Field(string name) => deliveries.GetType().GetField(name, flags)!.GetValue(deliveries)!;
    }

    /// <summary>The unit in which durations are rounded.</summary>
    private static double Tick => TimeSpan.FromMicroseconds(1).TotalSeconds;

    private static Task PassAsync(TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        return Limits.UntilAsync(() => Stopwatch.GetElapsedTime(start) >= time);
    }

    private static async Task ReadOneAsync(Subscription<object?> subscription, string way)
    {
        switch (way)
        {
            case "items":
                await subscription.AsItems().GetAsyncEnumerator().NextAsync();
                break;
            case "copy":
                var read = new ReadText();
                _ = subscription.CopyToAsync(new TextStream(read));
                await read.WaitForAsync("data: x\n");
                break;
            default:
                await subscription.GetAsyncEnumerator().NextAsync();
                break;
        }
    }

    private static async Task ReadAllAsync(Subscription<object?> subscription, string way)
    {
        if (way == "copy")
            await subscription.CopyToAsync(Stream.Null).WaitAsync(Limits.Patience);
        else if (way == "items")
            await subscription.AsItems().ToArrayAsync();
        else
            await subscription.ToArrayAsync();
    }

    private void Listen(Action? onMeasured = null)
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument is not { Meter.Name: "ServerSentEvents", Name: "server_sent_events.delivery.duration" })
                    return;
                _instrument = instrument;
                listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            onMeasured?.Invoke();
            tags.Length.Should().Be(0);
            _measured.Enqueue(seconds);
        });
        _listener.StartUntilDisposed();
    }

    /// <summary>Waits for a number of measurements, and returns all.</summary>
    private async Task<double[]> MeasuredAsync(int count)
    {
        await Limits.UntilAsync(() => _measured.Count >= count, "the deliveries are measured");
        return [.. _measured];
    }
}
