using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>What the backplane's own tests do with its streams; tests of other projects link the rest alone.</summary>
public abstract partial class PrivateBroker : ITestBroker
{
    internal IList<AmqpTcpEndpoint> Endpoints => [.. Nodes.Select(node => new AmqpTcpEndpoint("127.0.0.1", node.Port))];

    IStreamTransport ITestBroker.Open(string stream) => Open(stream);

    public async Task DeleteAsync(string stream)
    {
        await using var connection = await NewFactory().CreateConnectionAsync(Endpoints);
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(stream);
    }

    internal IStreamTransport Open(string stream)
    {
        RabbitMQPrograms.Require();
        return RabbitMQTransport.For(new Settings<string>(new RabbitMQBackplaneOptions<string>
        {
            ConnectionFactory = NewFactory(),
            Endpoints = Endpoints,
            StreamName = stream,
        }));
    }

    internal static ConnectionFactory NewFactory() => new()
    {
        RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
        ContinuationTimeout = TimeSpan.FromSeconds(10),
    };
}
