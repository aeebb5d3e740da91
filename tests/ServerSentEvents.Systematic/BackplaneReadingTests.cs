using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane;
using ServerSentEvents.Backplane.Contract;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests reading a stream while connections are lost and clients come. Every event is delivered once and in order.</summary>
public sealed class BackplaneReadingTests(ITestOutputHelper output)
{
    /// <summary>The number of another node.</summary>
    private const ulong OtherNode = 7;

    /// <summary>The time after which a silent connection is replaced.</summary>
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(30);

    [Fact]
    public void Read_ReaderLostDuringAppends_DeliversEachEventOnceAndInOrder() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);
        var subscription = node.Subscribe();

        var losing = Task.Run(() =>
        {
            stream.LoseReader();
            stream.LoseReader();
        });
        var appending = Task.Run(() => Append(stream, count: 4));
        await appending;
        await losing;

        (await node.ReadToEndAsync(subscription)).Should().Equal("1", "2", "3", "4");
        await node.DisposeAsync();
        stream.Connections.Should().Be(0);
    }, output, count: Schedules.Few);

    [Fact]
    public void Read_StallTimeoutIsOver_DeliversEachEventOnceAndInOrder() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);
        var subscription = node.Subscribe();

        var waiting = Task.Run(() =>
        {
            node.Clock.Advance(StallTimeout);
            node.Clock.FireTimers();
        });
        var first = node.PublishAsync("1");
        var second = node.PublishAsync("2");
        await first;
        await second;
        await waiting;

        (await node.ReadToEndAsync(subscription)).Should().Equal("1", "2");
        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Fact]
    public void Subscribe_AheadOfNode_GetsEachLaterEventOnce() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);

        var appending = Task.Run(() => Append(stream, count: 4));
        var subscription = await Task.Run(() => node.Subscribe(lastEventId: IdOf(new MessageId(OtherNode, 2))));
        await appending;

        subscription.Resume.Should().Be(ResumeResult.Resumed);
        (await node.ReadToEndAsync(subscription)).Should().Equal("3", "4");
        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Fact]
    public void Subscribe_IdOfOtherStream_EndsOrIsGap() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);

        var appending = Task.Run(() => Append(stream, count: 3));
        var subscription = await Task.Run(() => node.Subscribe(lastEventId: IdOf(new MessageId(OtherNode + 1, 2))));
        await appending;

        if (subscription.Resume == ResumeResult.Resumed)
            (await BackplaneNode.ReadAsync(subscription)).Should().BeEmpty();
        else
            string.Concat(await node.ReadToEndAsync(subscription)).Should().BeOneOf("", "3", "23");
        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Fact]
    public void Subscribe_UnknownIdWhileHistoryRestarts_GetsNothingOfTheOldHistory() => Schedules.Explore(async () =>
    {
        var clock = new ScenarioClock();
        var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = clock, HistoryCapacity = 100 });
        var reader = await ManualReader.AttachAsync(publisher, clock);
        reader.Read(5, "1");
        reader.Read(6, "2");
        var unknown = new StreamEventIds().Format(new EventPosition(StreamPosition.Of(5, place: 0), Check: 1));

        var reading = Task.Run(() => reader.Read(3, "3"));
        var subscription = await Task.Run(() =>
            publisher.Subscribe(new SubscribeOptions<string> { Properties = "", LastEventId = unknown }));
        await reading;

        publisher.Close();
        string.Concat(await BackplaneNode.ReadAsync(subscription)).Should().BeOneOf("", "3");
        publisher.Dispose();
    }, output);

    [Fact]
    public void DisconnectAsync_BetweenEvents_EndsSubscriptionBeforeLaterEvents() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);
        var kept = node.Subscribe("kept");
        var ended = node.Subscribe("ended");

        var losing = Task.Run(stream.LoseWriter);
        var reading = BackplaneNode.ReadAsync(ended);
        Task[] publishing = [node.PublishAsync("1"), node.DisconnectAsync("ended"), node.PublishAsync("2")];
        foreach (var each in publishing)
            await each;
        await losing;

        string.Concat(await reading).Should().BeOneOf("", "1");
        ended.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        (await node.ReadToEndAsync(kept)).Should().Equal("1", "2");
        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Start_DuringPublishingAndLoss_ClientMissesAndRepeatsNothing(bool readsBack) => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var publishing = await BackplaneNode.StartAsync(stream);
        var early = publishing.Subscribe();
        await publishing.PublishAsync("0");
        var items = early.AsItems().GetAsyncEnumerator();
        await items.MoveNextAsync();

        var losing = Task.Run(stream.LoseWriter);
        var first = publishing.PublishAsync("1");
        var node = BackplaneNode.Create(stream, readBack: readsBack ? null : TimeSpan.Zero);
        node.Start();
        var reading = ReadAcrossEndsAsync(node, stream, items.Current);
        var second = publishing.PublishAsync("2");
        await first;
        await second;
        await losing;
        await publishing.PublishAsync(BackplaneNode.End);

        (await reading).Should().Equal("0", "1", "2", BackplaneNode.End);
        await items.DisposeAsync();
        await node.DisposeAsync();
        await publishing.DisposeAsync();
        stream.Connections.Should().Be(0);
    }, output, count: Schedules.Few);

    /// <summary>Appends messages of another node. The data of each is its number.</summary>
    private static void Append(LateStream stream, int count)
    {
        for (var number = 1; number <= count; number++)
            stream.Append(RawMessage.Of(new MessageId(OtherNode, (ulong)number), isRetransmission: false, Wire.Data(number)));
    }

    /// <summary>Returns the id of the event of a message that follows the marker of a node without a gap.</summary>
    private static string IdOf(MessageId message) =>
        new StreamEventIds().Format(new EventPosition(StreamPosition.Of((long)message.Sequence, place: 0), message.Check));

    /// <summary>
    /// Reads on until the last event as a page does: the client resumes after each end, and loads all events again if it cannot. A
    /// loaded event may come again, once.
    /// </summary>
    private static async Task<List<string>> ReadAcrossEndsAsync(BackplaneNode node, LateStream stream, SseItem<string> last)
    {
        var lastEventId = last.EventId;
        var received = new List<string> { last.Data };
        var loaded = new HashSet<string>();
        while (true)
        {
            var subscription = node.Subscribe(lastEventId: lastEventId);
            if (subscription.Resume != ResumeResult.Resumed)
            {
                string[] all = [.. stream.Data];
                loaded.UnionWith(all);
                received.AddRange(all.Except(received));
            }

            var items = subscription.AsItems().GetAsyncEnumerator();
            while (!received.Contains(BackplaneNode.End) && await items.MoveNextAsync())
            {
                lastEventId = items.Current.EventId;
                if (!loaded.Remove(items.Current.Data))
                    received.Add(items.Current.Data);
            }

            await items.DisposeAsync();
            if (received.Contains(BackplaneNode.End))
                return received;
        }
    }

    /// <summary>A reader whose messages a scenario delivers.</summary>
    private sealed class ManualReader : IStreamReader
    {
        private StreamMessageHandler? _handler;
        private ulong _sequence;

        public Task<Exception> Lost { get; } = new TaskCompletionSource<Exception>().Task;

        public Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => Task.FromResult(0L);

        public Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken)
        {
            _handler = handler;
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => default;

        /// <summary>Attaches a publisher, whose marker has the offset 0.</summary>
        internal static async Task<ManualReader> AttachAsync(Publisher<string> publisher, TimeProvider clock)
        {
            var settings = new BackplaneSettings<string>(new Options { TimeProvider = clock });
            var follower = new StreamFollower<string>(
                new LocalDelivery<string>(publisher, settings, "stream"),
                node: 1,
                new ReaderStallDetector(clock, StallTimeout),
                new ReadingLag("manual", "stream", clock, static () => TimeSpan.Zero),
                BrokerMetrics.For("manual"),
                settings,
                "stream");
            follower.Begin();
            var reader = new ManualReader();
            var attaching = follower.AttachAsync(reader, reader.Lost, CancellationToken.None);
            reader.Read(0);
            await attaching;
            return reader;
        }

        internal void Read(long offset, params string[] data) =>
            _handler!(offset, MessageOrder.Next, RawMessage.Of(new MessageId(OtherNode, ++_sequence), isRetransmission: false, data));

        private sealed class Options : BackplaneOptions<string>;
    }
}
