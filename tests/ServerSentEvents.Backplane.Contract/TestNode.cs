namespace ServerSentEvents.Backplane.Contract;

/// <summary>The options of a backplane over any transport.</summary>
public sealed class TestOptions : BackplaneOptions<string>;

/// <summary>A backplane over any transport.</summary>
public sealed class TestBackplane(Publisher<string> publisher, TestOptions options, IStreamTransport transport)
    : StreamBackplane<string>(publisher, options, transport)
{
    public new Task ConnectAsync(CancellationToken cancellationToken = default) => base.ConnectAsync(cancellationToken);

    public new void Start() => base.Start();
}

/// <summary>A node of an application: a publisher whose history evicts nothing, and its backplane.</summary>
public sealed class TestNode : IAsyncDisposable
{
    private TestNode(IStreamTransport transport, TestOptions options)
    {
        options.LoggerFactory = Log;
        Publisher = new(new PublisherOptions
        {
            HistoryCapacity = int.MaxValue,
            QueueCapacity = int.MaxValue,
            QueueCapacityBytes = long.MaxValue,
            TimeProvider = options.TimeProvider,
        });
        Backplane = new TestBackplane(Publisher, options, transport);
    }

    public Publisher<string> Publisher { get; }

    public TestBackplane Backplane { get; }

    public TestLog Log { get; } = new();

    /// <summary>True once the connections for publishing and for reading have been lost.</summary>
    public bool HasLostConnections => Array.TrueForAll(
        ["publishing", "reading"],
        direction => Log.Warnings.Any(line => line.Contains($"no connection for {direction}", StringComparison.Ordinal)));

    public static async Task<TestNode> StartAsync(IStreamTransport transport, Action<TestOptions>? configure = null)
    {
        var node = Start(transport, configure);
        // A broker that has just started may refuse connections for a moment.
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        return node;
    }

    /// <summary>Starts a node, and does not wait until it has caught up.</summary>
    public static TestNode Start(IStreamTransport transport, Action<TestOptions>? configure = null)
    {
        var options = new TestOptions { PublishTimeout = Limits.Patience };
        configure?.Invoke(options);
        var node = new TestNode(transport, options);
        node.Backplane.Start();
        return node;
    }

    public TestClient Connect(string? lastEventId = null, string name = "", ChannelNames channels = default) =>
        new(Publisher.Subscribe(new SubscribeOptions<string> { Channels = channels, Properties = name, LastEventId = lastEventId }));

    /// <summary>Publishes events without waiting for one before the next.</summary>
    public Task PublishAsync(string prefix, int count) =>
        Task.WhenAll(Numbered(prefix, count).Select(data => Backplane.PublishAsync(data).AsTask())).WithinPatience();

    public Task PublishAsync(string data) => Backplane.PublishAsync(data).WithinPatience();

    /// <summary>Publishes large events without a pause, from several callers, until the token is canceled.</summary>
    public Task PublishUntilAsync(CancellationToken cancellationToken)
    {
        const int callers = 20;
        var data = new string('x', 50_000);
        return Task.WhenAll(Enumerable.Range(0, callers).Select(_ => PublishInTurnAsync()));

        async Task PublishInTurnAsync()
        {
            while (!cancellationToken.IsCancellationRequested)
                await PublishAsync(data);
        }
    }

    /// <summary>Publishes an event. Returns false if that takes longer than the timeout.</summary>
    public async Task<bool> TryPublishAsync(string data)
    {
        try
        {
            await PublishAsync(data);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public static IEnumerable<string> Numbered(string prefix, int count) =>
        Enumerable.Range(0, count).Select(number => $"{prefix}{number}");

    public async ValueTask DisposeAsync()
    {
        await Backplane.DisposeAsync();
        Publisher.Dispose();
    }
}
