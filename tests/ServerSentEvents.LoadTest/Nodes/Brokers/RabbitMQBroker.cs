using RabbitMQ.Client;
using ServerSentEvents.Backplane;
using ServerSentEvents.LoadTest.Nodes.Bare;
using ServerSentEvents.RabbitMQ;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.LoadTest.Nodes.Brokers;

/// <summary>RabbitMQ with one node.</summary>
internal sealed class RabbitMQBroker : Broker
{
    internal override string Name => "rabbitmq";

    internal override string Title => "RabbitMQ";

    internal override string BareTitle => "`RabbitMQ.Client` alone";

    internal override string? Missing => RabbitMQPrograms.Server is null ? RabbitMQPrograms.Advice : null;

    internal override async Task<BrokerInstance> StartAsync()
    {
        var broker = new LocalBroker(1);
        await broker.InitializeAsync();
        return new Instance(broker);
    }

    internal override async Task<StreamBackplane<object?>> ConnectAsync(
        Publisher publisher, int port, string stream, ILoggerFactory? log = null)
    {
        var options = new RabbitMQBackplaneOptions<object?>
        {
            ConnectionFactory = FactoryFor(port),
            StreamName = stream,
            PublishTimeout = PublishTimeout,
            LoggerFactory = log,
        };
        return await RabbitMQBackplane<object?>.ConnectAsync(publisher, options);
    }

    internal override Task<INode> ConnectBareAsync(int port, string stream, Inbox inbox) =>
        BareRabbitMQNode.ConnectAsync(FactoryFor(port), stream, inbox);

    private static ConnectionFactory FactoryFor(int port) => new() { HostName = Host, Port = port };

    private sealed class Instance(LocalBroker broker) : BrokerInstance
    {
        internal override int Port => Node.Port;

        protected override int ProcessId => Node.ProcessId;

        private BrokerNode Node => broker.Nodes[0];

        internal override Task KillAsync() => Node.KillAsync();

        internal override Task RunAsync() => Node.StartAsync();

        public override async ValueTask DisposeAsync() => await broker.DisposeAsync();
    }
}
