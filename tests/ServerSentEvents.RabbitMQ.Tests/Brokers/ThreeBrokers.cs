namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>A broker of three nodes, each of which has a replica of every stream.</summary>
public sealed class ThreeBrokers() : PrivateBroker(3)
{
    /// <summary>The node that leads a stream.</summary>
    internal async Task<BrokerNode> LeaderOfAsync(string stream)
    {
        var lines = await ListAsync("list_queues", "name", "leader");
        var leader = lines.Single(line => line.StartsWith(stream, StringComparison.Ordinal)).Split('\t')[1].Trim();
        return Nodes.Single(node => node.Name == leader);
    }
}
