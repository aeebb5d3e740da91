using RabbitMQ.Client;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>A broker that the tests of a class share.</summary>
public abstract class PrivateBroker(int count) : LocalBroker(count), IAsyncLifetime, ITestBroker
{
    /// <summary>The timeout of calls to the broker. A busy machine can delay an answer for seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal IList<AmqpTcpEndpoint> Endpoints => [.. Nodes.Select(node => new AmqpTcpEndpoint("127.0.0.1", node.Port))];

    IStreamTransport ITestBroker.Open(string stream) => Open(stream);

    public async Task DeleteAsync(string stream)
    {
        await using var connection = await NewFactory().CreateConnectionAsync(Endpoints);
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(stream);
    }

    internal IStreamTransport Open(string stream, Action<RabbitMQBackplaneOptions<string>>? configure = null)
    {
        var options = NewOptions(stream);
        configure?.Invoke(options);
        return new RabbitMQTransport(RabbitMQSettings.From(options));
    }

    internal RabbitMQBackplaneOptions<string> NewOptions(string stream)
    {
        RabbitMQPrograms.Require();
        return new() { ConnectionFactory = NewFactory(), Endpoints = Endpoints, StreamName = stream };
    }

    /// <summary>Returns the lines that rabbitmqctl lists.</summary>
    internal async Task<string[]> ListAsync(params string[] what) =>
        (await Nodes[0].CtlAsync(["--quiet", .. what])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    internal static ConnectionFactory NewFactory() => new()
    {
        RequestedConnectionTimeout = Patience,
        HandshakeContinuationTimeout = Patience,
        ContinuationTimeout = Patience,
    };
}

/// <summary>A broker of one node.</summary>
public sealed class SingleBroker() : PrivateBroker(1);

/// <summary>A broker of three nodes, each of which has a replica of every stream.</summary>
public sealed class ThreeBrokers() : PrivateBroker(3)
{
    /// <summary>Returns the node that leads a stream.</summary>
    internal async Task<BrokerNode> LeaderOfAsync(string stream)
    {
        BrokerNode? leader = null;
        await Limits.UntilAsync(
            async () =>
            {
                var lines = await ListAsync("list_queues", "name", "leader");
                var name = lines.SingleOrDefault(line => line.StartsWith(stream, StringComparison.Ordinal))?.Split('\t')[1].Trim();
                leader = Nodes.SingleOrDefault(node => node.Name == name);
                return leader is not null;
            },
            "the stream has a leader");
        return leader!;
    }
}

/// <summary>The tests of classes that start brokers themselves. They run one after the other, beside those of <see cref="BrokersInTurn"/>.</summary>
[CollectionDefinition(nameof(OwnBrokersInTurn))]
public sealed class OwnBrokersInTurn;

/// <summary>The tests that share a broker of one node. They run one after the other.</summary>
[CollectionDefinition(nameof(BrokersInTurn))]
public sealed class BrokersInTurn : ICollectionFixture<SingleBroker>;
