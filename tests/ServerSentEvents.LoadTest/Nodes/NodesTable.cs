using System.Globalization;
using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>The results of one broker in Markdown: medians of the rounds, and of the ratios within each round.</summary>
internal static class NodesTable
{
    internal static void Write(
        TextWriter output, Broker broker, Options options, Dictionary<(int Count, bool IsOurs), GroupResult> results)
    {
        Line(output, $"");
        Line(output, $"{broker.Title}, events of {options.Bytes:N0} bytes, {options.Clients:N0} {(options.Clients == 1 ? "client" : "clients")} at each node; medians of {options.Rounds} rounds, ratios within each round:");
        Line(output, $"");
        Line(output, $"| nodes | in flight from each | | events/s | ratio | µs of CPU for an event: all nodes | the broker |");
        Line(output, $"|---:|---:|---|---:|---:|---:|---:|");
        foreach (var (count, scenario) in options.Nodes.SelectMany(_ => options.Scenarios, (count, scenario) => (count, scenario)))
        {
            var (ours, bare) = (results[(count, true)].Throughputs[scenario], results[(count, false)].Throughputs[scenario]);
            var ratio = Statistics.Median(ours.Zip(bare, (one, other) => one.EventsPerSecond / other.EventsPerSecond));
            WriteThroughput(output, $"{count} | {scenario.InFlight}", "the backplane", ours, ratio);
            WriteThroughput(output, $"{count} | {scenario.InFlight}", broker.BareTitle, bare, 1);
        }

        if (options.Rate == 0)
            return;
        Line(output, $"");
        Line(output, $"{broker.Title}, {options.Rate:N0} events a second, latency from publishing to a client of another node, in ms:");
        Line(output, $"");
        Line(output, $"| nodes | | median | added | 99 % |");
        Line(output, $"|---:|---|---:|---:|---:|");
        foreach (var count in options.Nodes)
        {
            var (ours, bare) = (results[(count, true)], results[(count, false)]);
            WriteLatency(output, count, "the backplane", ours, Statistics.Median(ours.Medians.Zip(bare.Medians, (one, other) => one - other)));
            WriteLatency(output, count, broker.BareTitle, bare, 0);
        }
    }

    private static void WriteThroughput(TextWriter output, string where, string title, List<Throughput> results, double ratio)
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
