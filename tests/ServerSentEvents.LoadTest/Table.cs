using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>Writes the results in Markdown.</summary>
internal static class Table
{
    internal static void Write(TextWriter output, Options options, IReadOnlyList<KindResult> results)
    {
        foreach (var scenario in options.Scenarios)
        {
            Line(output, $"");
            Line(output, $"{options.Clients:N0} clients{options.Setup.Description}, events of {options.Bytes:N0} bytes, {scenario.Description}; medians of {options.Rounds} rounds, ratios to the first within each round:");
            Line(output, $"");
            Line(output, $"| server | deliveries/s | ratio | CPU for a delivery, µs | ratio | CPU, % | latency: median, ms | 99 % | maximum |");
            Line(output, $"|---|---:|---:|---:|---:|---:|---:|---:|---:|");
            foreach (var result in results)
                WriteRow(output, result, results[0], scenario);
        }

        if (options.Idle == 0)
            return;
        Line(output, $"");
        Line(output, $"| server | memory for each of {options.Idle:N0} idle {(options.Setup.Http2 > 0 ? "streams" : "connections")}, KB |");
        Line(output, $"|---|---:|");
        foreach (var result in results)
            Line(output, $"| {result.Kind.Title} | {result.IdleBytes / 1024:F1} |");
    }

    private static void WriteRow(TextWriter output, KindResult result, KindResult first, Scenario scenario)
    {
        var rate = result.Median(scenario, run => run.DeliveriesPerSecond);
        var cost = result.Median(scenario, run => run.ProcessorMicroseconds);
        var share = 100 * result.Median(scenario, run => run.ProcessorShare);
        var rateRatio = RatioToFirst(result, first, scenario, run => run.DeliveriesPerSecond);
        var costRatio = RatioToFirst(result, first, scenario, run => run.ProcessorMicroseconds);
        var median = result.Median(scenario, run => run.Median.TotalMilliseconds);
        var percentile = result.Median(scenario, run => run.Percentile99.TotalMilliseconds);
        var max = result.Median(scenario, run => run.Max.TotalMilliseconds);
        Line(output, $"| {result.Kind.Title} | {rate:N0} | {rateRatio:F2} | {cost:F2} | {costRatio:F2} | {share:F0} | {median:F1} | {percentile:F1} | {max:F1} |");
    }

    /// <summary>Returns the median of the rounds' ratios. A disturbance of a whole round does not change its ratio.</summary>
    private static double RatioToFirst(KindResult result, KindResult first, Scenario scenario, Func<Clients.RunResult, double> figure) =>
        Statistics.Median(result.Runs[scenario].Zip(first.Runs[scenario], (one, other) => figure(one) / figure(other)));

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
