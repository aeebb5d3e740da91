using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that the history releases events after <see cref="PublisherOptions.HistoryMaxAge"/>, by the publisher's timer alone.
/// </summary>
/// <remarks>
/// The history keeps the function of a personalized event, and with it what the function refers to. This object tells
/// whether the event is still in the history.
/// </remarks>
public sealed class HistoryAgeTests
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly TimerWatchingTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    public HistoryAgeTests() => _publisher = new(NewOptions());

    [Fact]
    public async Task HistoryMaxAge_QuietChannelWithIdleSubscriber_ReleasesEvents()
    {
        var idle = _publisher.Subscribe("room", "ann");
        var events = PublishEvents(10, "room");

        Advance(MaxAge);
        events.Should().OnlyContain(reference => reference.IsAlive, "the age is not exceeded yet");
        Advance(MaxAge / 4);

        await events.ShouldBecomeGarbageAsync();
        idle.EndReason.Should().BeNull();
        idle.QueuedEvents.Should().Be(10);
        GC.KeepAlive(_publisher);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HistoryMaxAge_ChannelWithoutSubscribers_ReleasesEvents(bool joinAndLeave)
    {
        var events = PublishEvents(10, "room");
        if (joinAndLeave)
            _publisher.Subscribe("room", "ann").Dispose();

        Advance(1.25 * MaxAge);

        await events.ShouldBecomeGarbageAsync();
        GC.KeepAlive(_publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_OtherChannelsAreBusy_ReleasesEvents()
    {
        var idle = _publisher.Subscribe("room", "ann");
        var events = PublishEvents(10, "room");
        var busy = new List<WeakReference>();

        for (var i = 0; i < 5; i++)
        {
            busy.AddRange(PublishEvents(1, "busy"));
            Advance(MaxAge / 4);
        }

        await events.ShouldBecomeGarbageAsync();
        await busy.ShouldBecomeGarbageAsync(maxAlive: 4);
        busy[^1].IsAlive.Should().BeTrue();
        GC.KeepAlive(_publisher);
        GC.KeepAlive(idle);
    }

    [Fact]
    public async Task HistoryMaxAge_EventInSeveralChannels_IsReleased()
    {
        var events = PublishEvents(10, ["a", "b", "c"]);

        Advance(1.25 * MaxAge);

        await events.ShouldBecomeGarbageAsync();
        GC.KeepAlive(_publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_ManyEventsAndChannels_ReleasesAllInOneSearch()
    {
        // One step of the search looks at 1,024 events and channels.
        var events = PublishEvents(3_000, "large");
        for (var i = 0; i < 3_000; i++)
            events.AddRange(PublishEvents(1, $"own {i}"));

        Advance(1.25 * MaxAge);

        await events.ShouldBecomeGarbageAsync();
        GC.KeepAlive(_publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_QuarterIsNoMultipleOfTheTimerPeriod_ReleasesEventsInTime()
    {
        // The timer looks every 7.5 seconds, a quarter of the default LingerTimeout.
        var publisher = new Publisher<string>(NewOptions(TimeSpan.FromSeconds(31)));
        var events = new List<WeakReference>();
        for (var i = 0; i < 9; i++)
        {
            events.AddRange(PublishEvents(1, "room", publisher));
            Advance(TimeSpan.FromSeconds(1));
        }

        // The last event was published 39 seconds ago, and 1.25 times the age is 38.75 seconds.
        Advance(TimeSpan.FromSeconds(38));

        await events.ShouldBecomeGarbageAsync();
        GC.KeepAlive(publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_TimerCallsAreUneven_ReleasesEventsInTime()
    {
        var time = new UnevenTimeProvider();
        var publisher = new Publisher<string>(NewOptions(TimeSpan.FromSeconds(4), time));
        publisher.Publish("starts the timer", "room");
        time.Advance(TimeSpan.FromSeconds(0.5));
        var events = PublishEvents(1, "room", publisher);

        for (var i = 0; i < 10; i++)
            time.Advance(TimeSpan.FromSeconds(0.5));
        time.Advance(TimeSpan.FromSeconds(0.1));

        await events.ShouldBecomeGarbageAsync();
        GC.KeepAlive(publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_ManyChannelsEvictForTheirCapacity_ReleasesEventsInTime()
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            HistoryCapacity = 2,
            HistoryMaxAge = MaxAge,
            TimeProvider = _time,
        });
        var early = new List<WeakReference>();
        var late = new List<WeakReference>();
        for (var i = 0; i < 2_000; i++)
            PublishEvents(3, $"own {i}", publisher);
        early.AddRange(PublishEvents(1, "quiet", publisher));
        Advance(MaxAge / 2);
        for (var i = 0; i < 2_000; i++)
            late.AddRange(PublishEvents(2, $"own {i}", publisher));

        Advance(0.75 * MaxAge);
        await early.ShouldBecomeGarbageAsync();
        late.Should().OnlyContain(reference => reference.IsAlive, "the age is not exceeded yet");
        Advance(MaxAge / 2);

        await late.ShouldBecomeGarbageAsync();
        GC.KeepAlive(publisher);
    }

    [Fact]
    public async Task HistoryMaxAge_ClocksAreReadInAnotherOrderThanThatOfTheEvents_CountsFromTheLaterTime()
    {
        var time = new SteppingTimeProvider();
        var publisher = new Publisher<string>(NewOptions(MaxAge, time));
        var subscriber = publisher.Subscribe("room");
        publisher.Publish("read its clock last", "room");
        var id = (await subscriber.AsItems().GetAsyncEnumerator().NextAsync()).EventId;

        // The thread of this event read the clock early, and came late.
        time.Offset = -MaxAge / 2;
        publisher.Publish("read its clock first", "room");
        time.Offset = 0.75 * MaxAge;

        publisher.Subscribe(new SubscribeOptions<string> { Channels = "room", LastEventId = id })
            .Resume.Should().Be(ResumeResult.Resumed, "the second event is not older than the first");
    }

    [Fact]
    public void Timer_HistoryIsEmptyAgain_Stops()
    {
        _time.RunningTimers.Should().Be(0);
        _publisher.Subscribe("room", "ann");
        _publisher.PublishComment("not in the history", "room");
        _time.RunningTimers.Should().Be(0, "there is nothing to do");

        for (var i = 0; i < 3; i++)
        {
            _publisher.Publish("x", "room");
            _time.RunningTimers.Should().Be(1);
            Advance(MaxAge);
            _time.RunningTimers.Should().Be(1);
            Advance(MaxAge / 4);
            _time.RunningTimers.Should().Be(0, "the event has been evicted");
        }
    }

    [Fact]
    public void Timer_NoLimitOfAge_DoesNotRun()
    {
        var publisher = new Publisher<string>(NewOptions(maxAge: null));

        publisher.Publish("x", "room");
        Advance(MaxAge);

        _time.RunningTimers.Should().Be(0, "no event ever expires");
    }

    [Fact]
    public void Dispose_EventsAreInTheHistory_StopsTheTimer()
    {
        _publisher.Publish("x", "room");

        _publisher.Dispose();
        Advance(TimeSpan.FromSeconds(30));

        _time.RunningTimers.Should().Be(0, "no client can resume anymore");
    }

    [Fact]
    public async Task Dispose_EventsAreInTheHistory_ReleasesThemByTheirAge()
    {
        var events = PublishEvents(10, "room");

        _publisher.Dispose();
        Advance(1.25 * MaxAge);

        await events.ShouldBecomeGarbageAsync();
        _time.RunningTimers.Should().Be(0);
        GC.KeepAlive(_publisher);
    }

    [Fact]
    public async Task Timer_ForgottenPublisher_DoesNotKeepItAlive()
    {
        var forgotten = Forget();
        _time.RunningTimers.Should().Be(1);

        await forgotten.ShouldBecomeGarbageAsync();

        Advance(MaxAge / 4);
        _time.RunningTimers.Should().Be(0);

        [MethodImpl(MethodImplOptions.NoInlining)]
        List<WeakReference> Forget()
        {
            var publisher = new Publisher<string>(NewOptions());
            var events = PublishEvents(10, "room", publisher);
            var subscription = publisher.Subscribe("room", "ann");
            publisher.Close();
            return [.. events, new WeakReference(publisher), new WeakReference(subscription)];
        }
    }

    private PublisherOptions NewOptions() => NewOptions(MaxAge);

    private PublisherOptions NewOptions(TimeSpan? maxAge, TimeProvider? time = null) => new()
    {
        HistoryCapacity = 10_000,
        HistoryMaxAge = maxAge,
        TimeProvider = time ?? _time,
    };

    /// <summary>Publishes events, and returns a reference to something that lives as long as each of them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private List<WeakReference> PublishEvents(int count, ChannelNames channels, Publisher<string>? publisher = null)
    {
        var references = new List<WeakReference>();
        for (var i = 0; i < count; i++)
        {
            var state = new object();
            (publisher ?? _publisher).Publish(name => name + state.GetHashCode(), channels);
            references.Add(new WeakReference(state));
        }

        return references;
    }

    /// <summary>Advances the clock second by second, so that each call of the timer sees its own time.</summary>
    private void Advance(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(1))
            _time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>A fake clock whose time the test moves back and forth.</summary>
    private sealed class SteppingTimeProvider : FakeTimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Offset.TotalSeconds * TimestampFrequency);
    }

    /// <summary>
    /// A fake clock that is read a little late in every other second, as by a timer's callback on a busy machine.
    /// </summary>
    private sealed class UnevenTimeProvider : FakeTimeProvider
    {
        public override long GetTimestamp()
        {
            var timestamp = base.GetTimestamp();
            var late = TimestampFrequency / 200;
            return timestamp / TimestampFrequency % 2 == 0 ? timestamp + late : timestamp;
        }
    }
}
