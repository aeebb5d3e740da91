using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests readers that get nothing, and functions, handlers and clocks of the application that throw.</summary>
public sealed class FailingReadingTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStream _stream = new();
    private readonly ChangedTransport _changed;

    public FailingReadingTests() => _changed = new ChangedTransport(_stream);

    [Fact]
    public async Task Reader_GetsNothingOfWhatIsConfirmed_IsReplaced()
    {
        await using var node = await StartAsync();
        await using var client = node.Connect();
        _changed.StopReceiving();
        await node.PublishAsync("a");

        _time.AdvanceSeconds(9);
        _changed.ReadersOpened.Should().Be(1);
        await _time.AdvanceUntilAsync(() => _changed.ReadersOpened == 2);

        (await client.NextAsync()).Data.Should().Be("a");
        client.EndReason.Should().BeNull();
        node.Log.Warnings.Should().ContainSingle().Which.Should().Contain("Nothing has been read for 00:00:10");
    }

    [Fact]
    public async Task Start_ReaderGetsNothing_IsReplaced()
    {
        _changed.Hold();
        await using var node = TestNode.Start(_changed, Configure);

        await _time.AdvanceUntilAsync(() => node.Log.Warnings.Any(text =>
            text.Contains("Nothing has been read for 00:01:00", StringComparison.Ordinal)));
        _changed.Release();

        await _time.AdvanceUntilAsync(() => node.Backplane.IsCaughtUp && _changed.ReadersOpened > 1);
    }

    [Fact]
    public async Task Start_ClockOfPublisherThrows_CatchesUp()
    {
        var clock = new CallbackTime(_time);
        using var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = clock });
        await using var backplane = new TestBackplane(publisher, new TestOptions { TimeProvider = _time }, _stream);
        clock.ThrowOnce();

        backplane.Start();
        await Limits.UntilAsync(() => clock.Read is null);

        await _time.AdvanceUntilAsync(() => backplane.IsCaughtUp);
    }

    [Fact]
    public async Task Start_ClockMakesNoTimerForTheChecksOfTheReader_CatchesUp()
    {
        var (clock, timers) = (new CallbackTime(_time), 0);
        // No other timer of a backplane has this period.
        clock.TimerCreated = period =>
        {
            if (period == TimeSpan.FromSeconds(1) && ++timers == 1)
                throw new InvalidOperationException("of a clock");
        };
        using var publisher = new Publisher<string>();
        await using var backplane = new TestBackplane(publisher, new TestOptions { TimeProvider = clock }, _stream);

        backplane.Start();
        await Limits.UntilAsync(() => timers > 0);

        await _time.AdvanceUntilAsync(() => backplane.IsCaughtUp);
    }

    [Fact]
    public async Task Unsubscribed_ThrowsWhenSubscriptionsEnd_NodeGoesOn()
    {
        await using var node = await StartAsync();
        var throws = true;
        node.Publisher.Unsubscribed += (_, _) =>
        {
            if (throws)
                throw new InvalidOperationException("of a handler");
        };
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await client.NextAsync();

        _stream.Replace();
        await _time.AdvanceUntilAsync(() => node.Backplane.IsCaughtUp && _changed.ReadersOpened > 1 && _changed.WritersOpened > 1);
        (await client.RestAsync()).Should().BeEmpty();
        throws = false;
        await using var again = node.Connect();
        await node.PublishAsync("b");

        (await again.NextAsync()).Data.Should().Be("b");
        node.Log.Warnings.Should().Contain(text =>
            text.Contains("code of the application failed", StringComparison.Ordinal) && text.Contains("of a handler", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task SubscriberKey_ThrowsForASubscription_OthersAreEndedAndTheLogSaysSo(Type exception)
    {
        await using var node = await StartAsync(options => options.SubscriberKey = name =>
            name.Length > 0 ? name : throw (Exception)Activator.CreateInstance(exception, "of a function")!);
        await using var nameless = node.Connect();
        await using var ann = node.Connect(name: "Ann");
        await using var otherNameless = node.Connect();

        await node.Backplane.DisconnectAsync("Ann").WithinPatience();
        await node.PublishAsync("after");

        (await nameless.NextAsync()).Data.Should().Be("after");
        (await otherNameless.NextAsync()).Data.Should().Be("after");
        (await ann.RestAsync()).Should().BeEmpty();
        node.Log.Warnings.Should().Contain(text => text.Contains("of a function", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task Read_ClockOfPublisherThrows_EventIsAGap(Type exception)
    {
        var clock = new CallbackTime(TimeProvider.System);
        using var reader = new ManualReader(timeOfPublisher: clock);
        await AttachAsync(reader, marker: 0);
        await using var client = reader.Connect();
        reader.Read(1, RawMessage.Of(new MessageId(7, 2), data: "a"));
        await client.NextAsync();

        clock.ThrowOnce(exception);
        reader.Read(2, RawMessage.Of(new MessageId(7, 3), data: ["b", "c"]));
        reader.Read(3, RawMessage.Of(new MessageId(7, 4), data: "d"));

        reader.Connect(client.LastEventId).Resume.Should().Be(ResumeResult.Gap, "the client has no event b");
        (await client.RestAsync()).Should().BeEmpty("the client could resume from event c");
        reader.Log.Warnings.Should().ContainSingle().Which.Should().Contain("was not delivered").And.Contain("of a clock");
    }

    [Fact]
    public async Task Read_ClockOfBackplaneThrows_EventIsAGap()
    {
        using var reader = new ManualReader();
        await AttachAsync(reader, marker: 0);
        await using var client = reader.Connect();
        reader.Read(1, RawMessage.Of(new MessageId(7, 2), data: "a"));
        await client.NextAsync();
        var lost = RawMessage.Of(new MessageId(7, 3), data: "b");

        reader.Clock.ThrowOnce();
        reader.Invoking(each => each.Read(2, lost)).Should().Throw<InvalidOperationException>().WithMessage("of a clock");
        var attaching = reader.AttachAsync(marker: 3);
        reader.Read(2, lost);
        reader.Read(3, RawMessage.Of(new MessageId(7, 4)));
        await attaching.WithinPatience();

        reader.Connect(client.LastEventId).Resume.Should().Be(ResumeResult.Gap, "the client has no event b");
        (await client.RestAsync()).Should().BeEmpty();
    }

    private static async Task AttachAsync(ManualReader reader, long marker)
    {
        var attaching = reader.AttachAsync(marker);
        reader.Read(marker, RawMessage.Of(new MessageId(7, 1)), MessageOrder.First);
        await attaching.WithinPatience();
    }

    private Task<TestNode> StartAsync(Action<TestOptions>? configure = null) =>
        _time.StartNodeAsync(_changed, options =>
        {
            Configure(options);
            configure?.Invoke(options);
        });

    private void Configure(TestOptions options) =>
        (options.TimeProvider, options.PublishTimeout) = (_time, TimeSpan.FromSeconds(10));
}
