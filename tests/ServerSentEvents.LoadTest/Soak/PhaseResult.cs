namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The figures of a phase.</summary>
internal sealed record PhaseResult(SoakPhase Phase, IReadOnlyList<NodeFigures> Nodes, Findings Findings, long Published);

/// <summary>The figures of a server process over a phase.</summary>
/// <param name="Start">The sample before the first client.</param>
/// <param name="Steady">The samples from the end of the warm-up until the phase closes.</param>
/// <param name="All">All samples.</param>
/// <param name="End">The sample after all clients have left.</param>
/// <param name="Heap">The bytes after a collection: at the ends of the four quarters of the steady time, and after all have left.</param>
internal sealed record NodeFigures(
    Sample Start, IReadOnlyList<Sample> Steady, IReadOnlyList<Sample> All, Sample End, IReadOnlyList<(double Seconds, long Bytes)> Heap)
{
    internal const int Quarters = 4;

    internal double Median(int quarter, Func<Sample, double> figure)
    {
        var from = Steady.Count * quarter / Quarters;
        return Statistics.Median(Steady.Take(from..(Steady.Count * (quarter + 1) / Quarters)).Select(figure));
    }
}
