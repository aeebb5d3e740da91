namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>All measurements of one group of nodes.</summary>
internal sealed class GroupResult
{
    /// <summary>The rounds of each scenario.</summary>
    internal Dictionary<Scenario, List<Throughput>> Throughputs { get; } = [];

    /// <summary>The latencies of each round in milliseconds, from publishing to the clients of other nodes.</summary>
    internal List<IReadOnlyList<double>> Latencies { get; } = [];

    internal IEnumerable<double> Medians => Latencies.Select(round => Statistics.Quantile(round, 0.5));

    internal IEnumerable<double> Percentiles99 => Latencies.Select(round => Statistics.Quantile(round, 0.99));
}
