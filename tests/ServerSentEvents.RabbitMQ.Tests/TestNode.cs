using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>A node of an application: a publisher, with a history that forgets nothing, and its backplane.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private TestNode(IStreamTransport transport, RabbitMQBackplaneOptions<string> options)
    {
        options.LoggerFactory = Log;
        options.ConnectionFactory ??= new ConnectionFactory();
        Publisher = new(new PublisherOptions
        {
            HistoryCapacity = int.MaxValue,
            QueueCapacity = int.MaxValue,
            QueueCapacityBytes = long.MaxValue,
            TimeProvider = options.TimeProvider,
        });
        Backplane = new RabbitMQBackplane<string>(Publisher, new Settings<string>(options), transport);
    }

    internal Publisher<string> Publisher { get; }

    internal RabbitMQBackplane<string> Backplane { get; }

    internal TestLog Log { get; } = new();

    internal static async Task<TestNode> StartAsync(IStreamTransport transport, Action<RabbitMQBackplaneOptions<string>>? configure = null)
    {
        var options = new RabbitMQBackplaneOptions<string> { PublishTimeout = Limits.Patience };
        configure?.Invoke(options);
        var node = new TestNode(transport, options);
        // However often a broker that has just come up may fail.
        node.Backplane.Start();
        await node.Backplane.CaughtUp.WithinPatience();
        return node;
    }

    internal TestClient Connect(string? lastEventId = null, string name = "", ChannelNames channels = default) =>
        new(Publisher.Subscribe(new SubscribeOptions<string> { Channels = channels, Properties = name, LastEventId = lastEventId }));

    public async ValueTask DisposeAsync()
    {
        await Backplane.DisposeAsync();
        Publisher.Dispose();
    }
}
