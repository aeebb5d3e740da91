namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>All that was measured of one group of nodes, by rounds.</summary>
internal sealed class GroupResult
{
    /// <summary>By how much was in flight.</summary>
    internal Dictionary<Scenario, List<CarriedResult>> Carried { get; } = [];

    /// <summary>In milliseconds, from each round's publishing to clients of other nodes.</summary>
    internal List<IReadOnlyList<double>> Latencies { get; } = [];

    internal IEnumerable<double> Medians => Latencies.Select(round => Statistics.Quantile(round, 0.5));

    internal IEnumerable<double> Percentiles99 => Latencies.Select(round => Statistics.Quantile(round, 0.99));
}
