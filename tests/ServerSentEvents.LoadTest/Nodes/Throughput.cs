namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>One measurement of nodes that publish as fast as they can.</summary>
/// <param name="Events">The published events. Every node has received each of them.</param>
/// <param name="Elapsed">The time from the first event's publishing until the last node has received the last event.</param>
/// <param name="NodesTime">The CPU time of all nodes together.</param>
/// <param name="BrokerTime">The CPU time of the broker.</param>
internal sealed record Throughput(long Events, TimeSpan Elapsed, TimeSpan NodesTime, TimeSpan BrokerTime)
{
    internal double EventsPerSecond => Events / Elapsed.TotalSeconds;

    internal double NodesMicroseconds => NodesTime.TotalMicroseconds / Events;

    internal double BrokerMicroseconds => BrokerTime.TotalMicroseconds / Events;
}
