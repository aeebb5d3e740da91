using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>A follower of a stream whose messages a test delivers one by one.</summary>
internal sealed class ManualReader : IStreamReader, IDisposable
{
    private readonly StreamFollower<string> _follower;
    private StreamMessageHandler? _handler;
    private long? _marker;

    internal ManualReader(Func<string, string>? personalize = null, TimeProvider? timeOfPublisher = null)
    {
        Publisher = new(new PublisherOptions { HistoryCapacity = 100, TimeProvider = timeOfPublisher ?? TimeProvider.System });
        Clock = new CallbackTime(Time);
        var settings = new BackplaneSettings<string>(new TestOptions
        {
            LoggerFactory = Log,
            TimeProvider = Clock,
            Personalize = personalize is null ? null : (item, _) => new SseItem<string>(personalize(item.Data)),
        });
        StallDetector = new ReaderStallDetector(Time, StallTimeout);
        _follower = new StreamFollower<string>(
            new LocalDelivery<string>(Publisher, settings, "stream"),
            node: 1,
            StallDetector,
            new ReadingLag("manual", "stream", Time, () => StallDetector.Waiting),
            BrokerMetrics.For("manual"),
            settings,
            "stream");
        _follower.Begin();
    }

    public Task<Exception> Lost { get; } = new TaskCompletionSource<Exception>().Task;

    internal static TimeSpan StallTimeout { get; } = TimeSpan.FromSeconds(30);

    internal FakeTimeProvider Time { get; } = new();

    /// <summary>The clock of the backplane, which shows <see cref="Time"/>.</summary>
    internal CallbackTime Clock { get; }

    internal ReaderStallDetector StallDetector { get; }

    internal Publisher<string> Publisher { get; }

    internal TestLog Log { get; } = new();

    /// <summary>The offset that the broker has not told yet.</summary>
    internal TaskCompletionSource<long> Marker { get; set; } = new();

    /// <summary>A task that completes when reading has started.</summary>
    internal Task Starting { get; set; } = Task.CompletedTask;

    public Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _marker is { } offset ? Task.FromResult(offset) : Marker.Task;

    public Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        _handler = handler;
        return Starting;
    }

    public ValueTask DisposeAsync() => default;

    public void Dispose() => Publisher.Dispose();

    /// <summary>Attaches the follower. Its marker is at an offset; null if the broker never takes the marker.</summary>
    internal Task AttachAsync(long? marker, CancellationToken cancellationToken = default)
    {
        _marker = marker;
        return _follower.AttachAsync(this, Lost, cancellationToken);
    }

    /// <summary>Expects a message of this node, and starts the wait for it.</summary>
    internal void Expect(ulong sequence)
    {
        StallDetector.Expect(sequence);
        StallDetector.Check();
    }

    internal void Read(long offset, byte[] message, MessageOrder order = MessageOrder.Next) => _handler!(offset, order, message);

    internal TestClient Connect(string? lastEventId = null) =>
        new(Publisher.Subscribe(new SubscribeOptions<string> { Properties = "", LastEventId = lastEventId }));
}
