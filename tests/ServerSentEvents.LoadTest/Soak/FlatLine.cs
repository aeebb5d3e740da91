namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Checks that no figure of a server process grows: compares the last quarter of a phase with the quarter before.</summary>
/// <remarks>
/// A busy machine delays the clients that reconnect, so that a quarter can have fewer subscriptions than the next one. The bounds
/// grow in proportion to the subscriptions.
/// </remarks>
internal static class FlatLine
{
    internal const string Bounds =
        "The median of the last quarter may exceed that of the quarter before by 25 % and 64 MB of memory, by 20 % and 16 MB of "
        + "memory after a collection, by 10 % and 50 handles, each in proportion to the subscriptions if there are more of them, and "
        + "by 20 threads. There are never more subscriptions than clients. After the phase, no subscription and at most 20 handles "
        + "more than before the first client may be open.";

    /// <summary>The handles that may be open after a phase and were not open before: a server opens some for its own work.</summary>
    internal const int SpareHandles = 20;

    /// <summary>The least number of samples in a quarter for a comparison.</summary>
    private const int LeastSamples = 3;

    private const double Megabyte = 1024 * 1024;

    internal static void Check(IReadOnlyList<NodeFigures> nodes, int clients, Findings findings)
    {
        // A short run only checks the deliveries and what is left.
        if (nodes.Any(node => node.Steady.Count < NodeFigures.Quarters * LeastSamples))
            return;
        var most = nodes.Sum(node => node.Median(NodeFigures.Quarters - 1, Subscriptions));
        if (most > clients)
            findings.Report($"{clients} clients have {most:F1} subscriptions in the last quarter.");
        for (var i = 0; i < nodes.Count; i++)
            Check(nodes[i], i, findings);
    }

    private static double Subscriptions(Sample sample) => sample.Subscriptions;

    private static void Check(NodeFigures figures, int node, Findings findings)
    {
        var (subscriptionsBefore, subscriptionsAfter) = Medians(Subscriptions);
        var more = Math.Max(1, subscriptionsAfter / Math.Max(1, subscriptionsBefore));
        CheckGrowth("megabytes of memory", Medians(sample => sample.ResidentBytes / Megabyte), 1.25 * more, 64);
        CheckGrowth("handles", Medians(sample => sample.Handles), 1.1 * more, 50);
        CheckGrowth("threads", Medians(sample => sample.Threads), 1, 20);
        CheckGrowth(
            "megabytes after a collection", (figures.Heap[^3].Bytes / Megabyte, figures.Heap[^2].Bytes / Megabyte), 1.2 * more, 16);

        (double Before, double After) Medians(Func<Sample, double> figure) =>
            (figures.Median(NodeFigures.Quarters - 2, figure), figures.Median(NodeFigures.Quarters - 1, figure));

        void CheckGrowth(string name, (double Before, double After) values, double factor, double spare)
        {
            // A negation, because NaN, which means no samples, must fail as well.
            if (!(values.After <= (values.Before * factor) + spare))
                findings.Report($"process {node + 1}: from the third to the last quarter, {values.Before:F1} {name} have become {values.After:F1}.");
        }
    }
}
