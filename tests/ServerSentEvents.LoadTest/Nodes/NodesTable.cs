using System.Globalization;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>The results in Markdown: medians of the rounds, and of what is compared within each round.</summary>
internal static class NodesTable
{
    internal static void Write(
        TextWriter output, Options options, Dictionary<(int Count, bool IsOurs), GroupResult> results)
    {
        Line(output, $"");
        Line(output, $"Events of {options.Bytes:N0} bytes, {options.Clients:N0} clients at each node; medians of {options.Rounds} rounds, ratios within each round:");
        Line(output, $"");
        Line(output, $"| nodes | in flight from each | | events/s | ratio | µs of CPU for an event: all nodes | the broker |");
        Line(output, $"|---:|---:|---|---:|---:|---:|---:|");
        foreach (var (count, scenario) in options.Nodes.SelectMany(_ => options.Scenarios, (count, scenario) => (count, scenario)))
        {
            var (ours, bare) = (results[(count, true)].Carried[scenario], results[(count, false)].Carried[scenario]);
            var ratio = Statistics.Median(ours.Zip(bare, (one, other) => one.EventsPerSecond / other.EventsPerSecond));
            WriteCarried(output, $"{count} | {scenario.InFlight}", "the backplane", ours, ratio);
            WriteCarried(output, $"{count} | {scenario.InFlight}", "`RabbitMQ.Client` alone", bare, 1);
        }

        if (options.Rate == 0)
            return;
        Line(output, $"");
        Line(output, $"From publishing, {options.Rate:N0} events a second, to a client of another node, in ms:");
        Line(output, $"");
        Line(output, $"| nodes | | median | added | 99 % |");
        Line(output, $"|---:|---|---:|---:|---:|");
        foreach (var count in options.Nodes)
        {
            var (ours, bare) = (results[(count, true)], results[(count, false)]);
            WriteLatency(output, count, "the backplane", ours, Statistics.Median(ours.Medians.Zip(bare.Medians, (one, other) => one - other)));
            WriteLatency(output, count, "`RabbitMQ.Client` alone", bare, 0);
        }
    }

    private static void WriteCarried(TextWriter output, string where, string title, List<CarriedResult> results, double ratio)
    {
        var rate = Statistics.Median(results.Select(run => run.EventsPerSecond));
        var nodes = Statistics.Median(results.Select(run => run.NodesMicroseconds));
        var broker = Statistics.Median(results.Select(run => run.BrokerMicroseconds));
        Line(output, $"| {where} | {title} | {rate:N0} | {ratio:F2} | {nodes:F1} | {broker:F1} |");
    }

    private static void WriteLatency(TextWriter output, int count, string title, GroupResult result, double added)
    {
        var (median, percentile) = (Statistics.Median(result.Medians), Statistics.Median(result.Percentiles99));
        Line(output, $"| {count} | {title} | {median:F2} | {added:F2} | {percentile:F2} |");
    }

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
