using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>What the backplane's own tests do with its streams; tests of other projects link the rest alone.</summary>
public abstract partial class PrivateBroker : ITestBroker
{
    internal IList<AmqpTcpEndpoint> Endpoints => [.. Nodes.Select(node => new AmqpTcpEndpoint("127.0.0.1", node.Port))];

    IStreamTransport ITestBroker.Open(string stream) => Open(stream, configure: null);

    public async Task DeleteAsync(string stream)
    {
        await using var connection = await NewFactory().CreateConnectionAsync(Endpoints);
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(stream);
    }

    internal IStreamTransport Open(string stream, Action<RabbitMQBackplaneOptions<string>>? configure = null)
    {
        RabbitMQPrograms.Require();
        var options = new RabbitMQBackplaneOptions<string>
        {
            ConnectionFactory = NewFactory(),
            Endpoints = Endpoints,
            StreamName = stream,
        };
        configure?.Invoke(options);
        return RabbitMQTransport.For(new Settings<string>(options));
    }

    /// <summary>What the broker's own tool lists, a line for each row.</summary>
    internal async Task<string[]> ListAsync(params string[] what) =>
        (await Nodes[0].CtlAsync(["--quiet", .. what])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    internal static ConnectionFactory NewFactory() => new()
    {
        RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
        ContinuationTimeout = TimeSpan.FromSeconds(10),
    };
}
