using System.Diagnostics;
using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests clients that resume from a position that the node has not read yet.</summary>
public sealed class AheadClientTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task Resume_NodeReachesThePosition_SendsOnlyWhatTheClientHasNotReceived()
    {
        await using var ahead = await TestNode.StartAsync(_stream);
        var changed = new ChangedTransport(_stream);
        await using var behind = await TestNode.StartAsync(changed);
        await using var before = ahead.Connect();
        changed.Hold();
        await ahead.PublishAsync("a");
        await ahead.PublishAsync("b");
        await before.NextAsync(2);

        await using var client = behind.Connect(before.LastEventId);
        client.Resume.Should().Be(ResumeResult.Resumed);
        changed.Release();
        await ahead.PublishAsync("c");

        (await client.NextAsync()).Data.Should().Be("c");
        client.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task Resume_AnotherMessageIsAtThePosition_EndsWhenTheNodeReachesIt()
    {
        await using var node = await TestNode.StartAsync(_stream);
        var offset = _stream.Messages.Count + 2;
        await using var client = node.Connect(IdAt(offset));
        client.Resume.Should().Be(ResumeResult.Resumed, "another node may have read more");

        await node.PublishAsync("a");
        await node.PublishAsync("b");
        client.EndReason.Should().BeNull();
        await node.PublishAsync("c");

        (await client.RestAsync()).Should().BeEmpty();
        await using var again = node.Connect(IdAt(offset));
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_PositionIsNeverReached_EndsAfter30SecondsAndNextResumeIsAGap()
    {
        var time = new FakeTimeProvider();
        await using var node = await time.StartNodeAsync(_stream);
        await using var client = node.Connect(IdAt(1_000_000));
        await using var other = node.Connect();

        time.AdvanceSeconds(29);
        client.EndReason.Should().BeNull();
        time.AdvanceSeconds(10);

        (await client.RestAsync()).Should().BeEmpty();
        client.EndReason.Should().Be(SubscriptionEndReason.Closed);
        other.EndReason.Should().BeNull();
        await using var again = node.Connect(IdAt(1_000_000));
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public void Resume_LingerTimeoutOfThePublisherIsLong_EndsAfter30Seconds()
    {
        var time = new FakeTimeProvider();
        using var publisher = new Publisher<string>(
            new PublisherOptions { LingerTimeout = TimeSpan.FromMinutes(10), HistoryCapacity = 10, TimeProvider = time });
        publisher.Follow(new StreamEventIds(), before: default);
        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = IdAt(1_000_000) });
        subscription.Resume.Should().Be(ResumeResult.Resumed);

        time.AdvanceSeconds(40);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    /// <summary>Tests that clients with made-up ids do not slow down the reading of the stream.</summary>
    [Fact]
    public void Advance_ManyClientsFarAhead_SearchesNone()
    {
        using var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10, TimeProvider = new FakeTimeProvider() });
        publisher.Follow(new StreamEventIds(), before: default);
        var subscriptions = Enumerable.Range(1, 1_000)
            .Select(number => publisher.Subscribe(new SubscribeOptions<string> { LastEventId = IdAt(1_000_000 + number) })).ToList();
        Advance(1);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Advance(2);
        var used = GC.GetAllocatedBytesForCurrentThread() - before;

        used.Should().BeLessThan(100, "a search would take memory");
        subscriptions.Should().OnlyContain(subscription => subscription.EndReason == null);

        void Advance(long offset)
        {
            publisher.EndUnknown(StreamPosition.Of(offset, 0));
            publisher.Advance(new(StreamPosition.Of(offset, 0)));
        }
    }

    [Fact]
    public void JoinAndLeave_ClientIsAhead_StillGetsOnlyWhatItHasNotReceived()
    {
        using var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10, TimeProvider = new FakeTimeProvider() });
        publisher.Follow(new StreamEventIds(), before: default);
        var client = publisher.Subscribe(new SubscribeOptions<string> { Channels = "a", LastEventId = IdAt(5) });
        var sent = new List<int> { PublishAt(1, "a") };

        client.Join("b");
        sent.AddRange([PublishAt(2, "b"), publisher.PublishComment("to both", ["a", "b"])]);
        client.Leave("a");
        sent.AddRange([PublishAt(3, "b"), publisher.PublishComment("to one", "b"), PublishAt(4, "b"), PublishAt(5, "b")]);

        sent.Should().Equal(0, 0, 1, 0, 1, 0, 0);
        PublishAt(6, "b").Should().Be(1);
        PublishAt(7, "b").Should().Be(1);

        int PublishAt(long offset, string channel) =>
            publisher.PublishAt(new(StreamPosition.Of(offset, 0)), new SseItem<string>("x"), channel);
    }

    [Fact]
    [Trait("Category", "Measurement")]
    public void PublishAt_ClientOfAnotherChannelIsAhead_TakesTheSameTime()
    {
        const int rounds = 41;
        using var plain = NewPublisher();
        using var burdened = NewPublisher();
        burdened.Subscribe(new SubscribeOptions<string> { Channels = "other", LastEventId = IdAt(1_000_000) })
            .Resume.Should().Be(ResumeResult.Resumed);
        var offset = 0;
        var (without, with) = (double.PositiveInfinity, double.PositiveInfinity);

        // Other work on the machine makes a round slower and never faster.
        for (var round = 0; round < rounds; round++)
        {
            var first = offset += 100;
            without = Math.Min(without, TimeToPublish(plain, first));
            with = Math.Min(with, TimeToPublish(burdened, first));
        }

        (with / without).Should().BeLessThan(1.5);

        static Publisher<string> NewPublisher()
        {
            var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10, QueueCapacity = 10_000 });
            publisher.Follow(new StreamEventIds(), before: default);
            // The queues of these subscribers keep every event. With more subscribers, a garbage collection during another test takes seconds.
            for (var i = 0; i < 100; i++)
                publisher.Subscribe();
            return publisher;
        }

        static double TimeToPublish(Publisher<string> publisher, int first)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < 100; i++)
                publisher.PublishAt(new(StreamPosition.Of(first + i, 0)), new SseItem<string>("x"), Publisher.DefaultChannel);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    [Fact]
    public async Task Resume_BrokerIsAwayForMinutes_WaitsAndSendsWhatFollows()
    {
        var time = new FakeTimeProvider();
        await using var ahead = await TestNode.StartAsync(_stream);
        var changed = new ChangedTransport(_stream);
        await using var behind = await time.StartNodeAsync(changed);
        await using var before = ahead.Connect();
        changed.StopReceiving();
        await ahead.PublishAsync("a");
        await before.NextAsync();
        _stream.Stop();
        await Limits.UntilAsync(() => !behind.Backplane.IsCaughtUp);

        await using var client = behind.Connect(before.LastEventId);
        time.AdvanceSeconds(120);
        client.EndReason.Should().BeNull();
        await using var later = behind.Connect(before.LastEventId);
        later.Resume.Should().Be(ResumeResult.Resumed);
        _stream.Start();
        await time.AdvanceUntilAsync(() => behind.Backplane.IsCaughtUp);
        time.AdvanceSeconds(40);
        await ahead.PublishAsync("b");

        (await client.NextAsync()).Data.Should().Be("b");
        (await later.NextAsync()).Data.Should().Be("b");
    }

    [Fact]
    public async Task Resume_PositionIsNeverReachedAfterAnOutage_Ends30SecondsAfterTheReconnection()
    {
        var time = new FakeTimeProvider();
        var changed = new ChangedTransport(_stream);
        await using var node = await time.StartNodeAsync(changed);
        await using var client = node.Connect(IdAt(1_000_000));
        _stream.Stop();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);
        time.AdvanceSeconds(120);
        _stream.Start();
        var attempts = changed.ReadersOpened;
        await time.AdvanceUntilAsync(() => changed.ReadersOpened > attempts);
        // The clock stands still from the reconnection on.
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);

        time.AdvanceSeconds(25);
        client.EndReason.Should().BeNull();
        time.AdvanceSeconds(20);

        (await client.RestAsync()).Should().BeEmpty();
        await using var again = node.Connect(IdAt(1_000_000));
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_BackplaneIsDisposedDuringAnOutage_EndsAfter30Seconds()
    {
        var time = new FakeTimeProvider();
        await using var node = await time.StartNodeAsync(_stream);
        await using var client = node.Connect(IdAt(1_000_000));
        _stream.Stop();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);

        await node.Backplane.DisposeAsync();
        time.AdvanceSeconds(40);

        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Resume_NodeReachesThePositionAndTheChannelIsQuiet_StaysOpen()
    {
        var time = new FakeTimeProvider();
        await using var ahead = await TestNode.StartAsync(_stream);
        var changed = new ChangedTransport(_stream);
        await using var behind = await time.StartNodeAsync(changed);
        await using var before = ahead.Connect(channels: "busy");
        await using var reached = behind.Connect(channels: "busy");
        changed.Hold();
        await ahead.Backplane.PublishAsync("a", "busy").WithinPatience();
        await before.NextAsync();

        await using var client = behind.Connect(before.LastEventId, channels: "quiet");
        changed.Release();
        await reached.NextAsync();
        await ahead.Backplane.PublishAsync("b", "busy").WithinPatience();
        await reached.NextAsync();
        time.AdvanceSeconds(40);

        client.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task Resume_HostileIds_AreGapsAndDisturbNoOther()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");
        var id = (await client.NextAsync()).EventId!;
        var check = id.Split('~')[1];

        foreach (var hostile in new[] { $"-1~{check}", $"0~{check}", $"9999999999999999999~{check}", $"{id}0", id.ToUpperInvariant() + " ", "~", "x" })
        {
            await using var gap = node.Connect(hostile);
            gap.Resume.Should().Be(ResumeResult.Gap, hostile);
        }

        await using var ahead = node.Connect($"{long.MaxValue}~{check}");
        await node.PublishAsync("b");
        (await client.NextAsync()).Data.Should().Be("b");
    }

    private static string IdAt(long offset) => new StreamEventIds().Format(new(StreamPosition.Of(offset, 0), 0x123));
}
