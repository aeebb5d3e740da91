namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Checks that no figure of a server process grows: compares the last quarter of a phase with the quarter before.</summary>
internal static class FlatLine
{
    internal const string Bounds =
        "The median of the last quarter may exceed that of the quarter before by 25 % and 64 MB of memory, by 20 % and 16 MB of "
        + "memory after a collection, by 10 % and 50 handles or subscriptions, and by 20 threads. After the phase, no subscription "
        + "and at most 20 handles more than before the first client may be open.";

    /// <summary>The handles that may be open after a phase and were not open before: a server opens some for its own work.</summary>
    internal const int SpareHandles = 20;

    private const double Megabyte = 1024 * 1024;

    internal static void Check(NodeFigures figures, int node, Findings findings)
    {
        CheckMedian("megabytes of memory", sample => sample.ResidentBytes / Megabyte, 1.25, 64);
        CheckMedian("handles", sample => sample.Handles, 1.1, 50);
        CheckMedian("threads", sample => sample.Threads, 1, 20);
        CheckMedian("subscriptions", sample => sample.Subscriptions, 1.1, 50);
        CheckGrowth("megabytes after a collection", figures.Heap[^3].Bytes / Megabyte, figures.Heap[^2].Bytes / Megabyte, 1.2, 16);

        void CheckMedian(string name, Func<Sample, double> figure, double factor, double spare) =>
            CheckGrowth(name, figures.Median(NodeFigures.Quarters - 2, figure), figures.Median(NodeFigures.Quarters - 1, figure), factor, spare);

        void CheckGrowth(string name, double before, double after, double factor, double spare)
        {
            // The negation also holds if there is no figure.
            if (!(after <= (before * factor) + spare))
                findings.Report($"process {node + 1}: from the third to the last quarter, {before:F1} {name} have become {after:F1}.");
        }
    }
}
