namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>What one measurement of a broker under load gave.</summary>
/// <param name="Events">All that were published, each of which every node has received.</param>
/// <param name="Elapsed">From the first event's publishing to the last one's receipt by the last node.</param>
/// <param name="NodesTime">What all nodes together took of the processors meanwhile.</param>
/// <param name="BrokerTime">What the broker took of them.</param>
internal sealed record CarriedResult(long Events, TimeSpan Elapsed, TimeSpan NodesTime, TimeSpan BrokerTime)
{
    internal double EventsPerSecond => Events / Elapsed.TotalSeconds;

    internal double NodesMicroseconds => NodesTime.TotalMicroseconds / Events;

    internal double BrokerMicroseconds => BrokerTime.TotalMicroseconds / Events;
}
