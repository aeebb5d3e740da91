using System.IO.Pipelines;
using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>Tests the bound of queues in bytes, and that large events are written in pieces.</summary>
public sealed class QueueBytesTests
{
    /// <summary>The bytes of the framed event that <see cref="Publish"/> publishes.</summary>
    private const int EventBytes = 100;

    private const int BytesPerFlush = 64 * 1024;

    [Fact]
    public async Task QueuedBytes_PublishAndReadText_RisesAndFallsExactly()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator();

        Publish(publisher, "1", "2");
        subscription.QueuedBytes.Should().Be(2 * EventBytes);
        publisher.PublishComment("\u00e9");
        subscription.QueuedBytes.Should().Be((2 * EventBytes) + ": ab\n".Length);

        (await reader.NextAsync()).Should().HaveLength(EventBytes);
        subscription.QueuedBytes.Should().Be(EventBytes + ": ab\n".Length);
        await reader.NextAsync();
        subscription.QueuedBytes.Should().Be(": ab\n".Length);
        await reader.NextAsync();
        subscription.QueuedBytes.Should().Be(0);
    }

    [Fact]
    public async Task QueuedBytes_ReadAsItemsWithIds_FallsByTheFramedEvent()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        var subscription = publisher.Subscribe();
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        Publish(publisher, "1", "2");
        var both = subscription.QueuedBytes;

        var first = await reader.NextAsync();
        var eventBytes = EventBytes + $"id: {first.EventId}\n".Length;

        both.Should().Be(2 * eventBytes, "the generated id is on the wire");
        subscription.QueuedBytes.Should().Be(eventBytes);
        publisher.PublishComment("not an item");
        await reader.NextAsync();
        _ = reader.MoveNextAsync().AsTask();
        subscription.QueuedBytes.Should().Be(0);
    }

    [Fact]
    public async Task QueuedBytes_Copy_FallsWhenTheBytesAreWritten()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        var client = new SlowClient(subscription);
        publisher.Publish(new string('x', BytesPerFlush));
        var written = await client.WaitAsync();
        Publish(publisher, "1");

        written.Should().Be(BytesPerFlush);
        subscription.QueuedBytes.Should().Be(
            "data: \n\n".Length + EventBytes, "an event that is being written counts until its last byte is");
        client.Take();
        await client.WaitAsync();
        subscription.QueuedBytes.Should().Be(0);
        publisher.Close();
        client.Take();
        await client.TakeAllAsync();
    }

    [Fact]
    public void QueuedBytes_SharedEvent_CountsInFullForEachSubscriber()
    {
        var publisher = new Publisher();
        var subscriptions = Enumerable.Range(0, 3).Select(_ => publisher.Subscribe()).ToList();

        Publish(publisher, "1");

        subscriptions.Should().OnlyContain(subscription => subscription.QueuedBytes == EventBytes);
    }

    [Fact]
    public async Task QueuedBytes_InitialDataAndReplay_DoNotCount()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 100, QueueCapacityBytes = 4 * EventBytes });
        var first = publisher.Subscribe(initialData: [Data("initial"), Data("initial")]);
        await using var reader = first.AsItems().GetAsyncEnumerator();
        first.QueuedBytes.Should().Be(0);
        await reader.NextAsync();
        await reader.NextAsync();
        first.QueuedBytes.Should().Be(0);
        Publish(publisher, "0");
        var seen = (await reader.NextAsync()).EventId;
        first.Close();
        for (var i = 0; i < 50; i++)
            Publish(publisher, $"{i}");

        var resumed = publisher.Subscribe(
            new SubscribeOptions<object?> { Channels = Publisher.DefaultChannel, LastEventId = seen });

        resumed.QueuedEvents.Should().Be(51, "the line of the id comes before the replay");
        resumed.QueuedBytes.Should().Be(0);
        Publish(publisher, "live 1", "live 2");
        resumed.EndReason.Should().BeNull();
        resumed.QueuedBytes.Should().BeGreaterThan(2 * EventBytes);
        await using var texts = resumed.GetAsyncEnumerator();
        var live = resumed.QueuedBytes;
        for (var i = 0; i < 51; i++)
            await texts.NextAsync();
        resumed.QueuedBytes.Should().Be(live, "only the replay was read");
        await texts.NextAsync();
        await texts.NextAsync();
        resumed.QueuedBytes.Should().Be(0);
    }

    [Fact]
    public void QueuedBytes_Disposed_IsZero()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        Publish(publisher, "1");

        subscription.Dispose();

        subscription.QueuedBytes.Should().Be(0);
    }

    [Fact]
    public async Task Disconnect_BytesAtTheBound_EndsOnlyAboveIt()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, capacityBytes: 3 * EventBytes);
        var subscription = publisher.Subscribe();

        Publish(publisher, "1", "2", "3").Should().Equal(1, 1, 1);
        subscription.QueuedBytes.Should().Be(3 * EventBytes);
        Publish(publisher, "4").Should().Equal(0);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        (await DataOfAsync(subscription)).Should().Equal("1", "2", "3");
    }

    [Fact]
    public async Task DropOldest_BytesAboveTheBound_DropsTheOldestUntilTheEventFits()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest, capacityBytes: 5 * EventBytes);
        var subscription = publisher.Subscribe();
        Publish(publisher, "1", "2", "3", "4", "5");

        publisher.Publish(Data("large", 3 * EventBytes)).Should().Be(1);

        subscription.DroppedEvents.Should().Be(3);
        subscription.QueuedEvents.Should().Be(3);
        subscription.QueuedBytes.Should().Be(5 * EventBytes);
        publisher.Close();
        (await DataOfAsync(subscription)).Should().Equal("4", "5", "large");
    }

    [Fact]
    public async Task DropOldest_EventLargerThanTheBound_ReplacesEverything()
    {
        var publisher = NewPublisher(QueueOverflow.DropOldest, capacityBytes: 3 * EventBytes);
        var subscription = publisher.Subscribe();
        Publish(publisher, "1", "2", "3");

        publisher.Publish(Data("large", 10 * EventBytes)).Should().Be(1);

        subscription.DroppedEvents.Should().Be(3);
        subscription.QueuedBytes.Should().Be(10 * EventBytes);
        publisher.Close();
        (await DataOfAsync(subscription)).Should().Equal("large");
    }

    [Fact]
    public async Task DropNewest_BytesAboveTheBound_DropsTheEventThatDoesNotFit()
    {
        var publisher = NewPublisher(QueueOverflow.DropNewest, capacityBytes: 5 * EventBytes);
        var subscription = publisher.Subscribe();
        Publish(publisher, "1", "2", "3");

        publisher.Publish(Data("large", 3 * EventBytes)).Should().Be(0);
        Publish(publisher, "4").Should().Equal(1);

        subscription.DroppedEvents.Should().Be(1);
        subscription.QueuedBytes.Should().Be(4 * EventBytes);
        publisher.Close();
        (await DataOfAsync(subscription)).Should().Equal("1", "2", "3", "4");
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task Publish_EventLargerThanTheBound_IsTakenByAnEmptyQueueOnly(QueueOverflow overflow)
    {
        var publisher = NewPublisher(overflow, capacityBytes: EventBytes);
        var empty = publisher.Subscribe("empty");
        var filled = publisher.Subscribe("filled");
        publisher.Publish(Data("1"), "filled");

        publisher.Publish(Data("large", 10 * EventBytes), "empty").Should().Be(1);
        var taken = publisher.Publish(Data("large", 10 * EventBytes), "filled");

        taken.Should().Be(overflow == QueueOverflow.DropOldest ? 1 : 0);
        empty.EndReason.Should().BeNull();
        empty.QueuedBytes.Should().Be(10 * EventBytes);
        filled.EndReason.Should().Be(overflow == QueueOverflow.Disconnect ? SubscriptionEndReason.Overflowed : null);
        filled.DroppedEvents.Should().Be(overflow == QueueOverflow.Disconnect ? 0 : 1);
        publisher.Close();
        (await DataOfAsync(empty)).Should().Equal("large");
    }

    [Fact]
    public async Task Publish_LargeEventIsBeingWritten_StillCounts()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, capacityBytes: BytesPerFlush);
        var subscription = publisher.Subscribe();
        var client = new SlowClient(subscription);
        publisher.Publish(new string('x', 10 * BytesPerFlush)).Should().Be(1);
        await client.WaitAsync();

        Publish(publisher, "1").Should().Equal(0);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().HaveLength((10 * BytesPerFlush) + "data: \n\n".Length, "what was taken is delivered whole");
    }

    [Fact]
    public void SubscribeOptions_OwnBound_Applies()
    {
        var publisher = NewPublisher(QueueOverflow.Disconnect, capacityBytes: EventBytes);
        var subscription = publisher.Subscribe(
            new SubscribeOptions<object?> { Channels = Publisher.DefaultChannel, QueueCapacityBytes = 2 * EventBytes });

        Publish(publisher, "1", "2", "3").Should().Equal(1, 1, 0);

        subscription.QueuedBytes.Should().Be(2 * EventBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Publish_BurstOfSmallEvents_EndsNoSubscriberThatDoesNotRead(int historyCapacity)
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = historyCapacity });
        var subscriptions = Enumerable.Range(0, 20).Select(_ => publisher.Subscribe()).ToList();
        var data = new string('x', 512);

        for (var i = 0; i < 1_500; i++)
            publisher.Publish(data).Should().Be(20);

        subscriptions.Should().OnlyContain(subscription => subscription.EndReason == null && subscription.QueuedEvents == 1_500);
    }

    [Fact]
    public async Task CopyToAsync_LargeEvent_IsWrittenInPiecesAndArrivesWhole()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10, QueueCapacityBytes = 10_000_000 });
        var writer = new RecordingWriter();
        var copy = publisher.Subscribe().CopyToAsync(writer);
        var reader = publisher.Subscribe();
        var data = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i}\u00e9"));

        publisher.Publish(data);
        publisher.Publish("after it");
        publisher.Close();
        await copy.WaitAsync(Limits.Patience);

        var expected = string.Concat(await reader.ToArrayAsync());
        Encoding.UTF8.GetString(writer.ToArray()).Should().Be(expected);
        expected.Should().Contain(data).And.Contain("data: after it\n");
        writer.Flushes.Should().OnlyContain(bytes => bytes > 0 && bytes <= BytesPerFlush);
        writer.LargestSizeHint.Should().BeLessThanOrEqualTo(
            BytesPerFlush, "the writer is not asked for memory of the whole event");
    }

    private static Publisher NewPublisher(QueueOverflow overflow, long capacityBytes) =>
        new(new PublisherOptions { QueueOverflow = overflow, QueueCapacityBytes = capacityBytes });

    /// <summary>Publishes events of <see cref="EventBytes"/> bytes. Returns the results.</summary>
    private static List<int> Publish(Publisher publisher, params string[] names) =>
        [.. names.Select(name => publisher.Publish(Data(name)))];

    /// <summary>Returns data that starts with a name and makes an event of a size.</summary>
    private static string Data(string name, int eventBytes = EventBytes) =>
        $"{name} ".PadRight(eventBytes - "data: \n\n".Length, '.');

    private static async Task<IEnumerable<string>> DataOfAsync(Subscription<object?> subscription) =>
        (await subscription.ToArrayAsync()).Select(text => text["data: ".Length..].Split(" .")[0]);

    /// <summary>A pipe writer that keeps all bytes, and the number of bytes of each flush.</summary>
    private sealed class RecordingWriter : NullPipeWriter
    {
        private readonly MemoryStream _bytes = new();
        private readonly byte[] _memory = new byte[4_096];
        private int _unflushed;

        public List<int> Flushes { get; } = [];

        public int LargestSizeHint { get; private set; }

        public byte[] ToArray() => _bytes.ToArray();

        public override void Advance(int bytes)
        {
            _bytes.Write(_memory, 0, bytes);
            _unflushed += bytes;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            LargestSizeHint = Math.Max(LargestSizeHint, sizeHint);
            return _memory;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes.Add(_unflushed);
            _unflushed = 0;
            return default;
        }
    }
}
