using System.Globalization;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Writes the results of the soak in Markdown.</summary>
internal static class SoakTable
{
    private const double Megabyte = 1024 * 1024;

    internal static void Write(TextWriter output, SoakOptions options, IReadOnlyList<PhaseResult> results)
    {
        Line(output, $"");
        Line(output, $"{options.Clients:N0} clients, {options.Rate} events a second, {options.Seconds:N0} seconds in all, seed {options.Seed}:");
        Line(output, $"");
        Line(output, $"| phase | events | deliveries | faults of the broker | connections cut | resumes | non-reading clients that the server ended | gaps of slow readers | violations |");
        Line(output, $"|---|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var (phase, _, findings, published) in results)
            Line(output, $"| {phase.Name} | {published:N0} | {findings.Deliveries:N0} | {findings.Faults:N0} | {findings.Cuts:N0} | {findings.Resumes:N0} | {findings.NonReadersEnded:N0} | {findings.Gaps:N0} | {findings.Violations:N0} |");

        Line(output, $"");
        Line(output, $"Each server process: medians of the first and the last quarter after the warm-up, and the state after all clients have left. {FlatLine.Bounds}");
        Line(output, $"");
        Line(output, $"| phase, process | memory, MB | after a collection, MB | handles | threads | subscriptions | left: handles (at the start) | left: subscriptions |");
        Line(output, $"|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var result in results)
        {
            for (var i = 0; i < result.Nodes.Count; i++)
                WriteRow(output, $"{result.Phase.Name} {i + 1}", result.Nodes[i]);
        }
    }

    private static void WriteRow(TextWriter output, string name, NodeFigures node)
    {
        var heap = $"{node.Heap[0].Bytes / Megabyte:F0} → {node.Heap[^2].Bytes / Megabyte:F0}";
        Line(output, $"| {name} | {Both(sample => sample.ResidentBytes / Megabyte)} | {heap} | {Both(sample => sample.Handles)} | {Both(sample => sample.Threads)} | {Both(sample => sample.Subscriptions)} | {node.End.Handles} ({node.Start.Handles}) | {node.End.Subscriptions} |");

        string Both(Func<Sample, double> figure) => string.Create(
            CultureInfo.InvariantCulture, $"{node.Median(0, figure):N0} → {node.Median(NodeFigures.Quarters - 1, figure):N0}");
    }

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
