using System.Globalization;
using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>
/// Compares nodes that use the backplane with nodes that use only the broker's client library. Both use the same broker, in
/// turns. All processes share all processors.
/// </summary>
/// <remarks>
/// The clients are subscriptions that are copied to streams in the node's process. The other comparison measures the cost of
/// sockets. Here, sockets would mostly show how few processors there are.
/// </remarks>
internal sealed class NodesComparison(Broker broker, BrokerInstance instance, Options options)
{
    private readonly Dictionary<(int Count, bool IsOurs), GroupResult> _results = [];

    internal static async Task<int> RunAsync(Options options)
    {
        var obstacle = OperatingSystem.IsLinux()
            ? options.Brokers.Select(broker => broker.Missing).FirstOrDefault(missing => missing is not null)
            : "The load test needs Linux.";
        if (obstacle is not null)
        {
            await Console.Error.WriteLineAsync(obstacle);
            return 1;
        }

        foreach (var broker in options.Brokers)
        {
            await using var instance = await broker.StartAsync();
            var comparison = new NodesComparison(broker, instance, options);
            foreach (var count in options.Nodes)
                comparison.Measure(count);
            NodesTable.Write(Console.Out, broker, options, comparison._results);
        }

        return 0;
    }

    private void Measure(int count)
    {
        using var ours = new NodeGroup(broker, instance, isOurs: true, count, options);
        using var bare = new NodeGroup(broker, instance, isOurs: false, count, options);
        foreach (var group in new[] { ours, bare })
        {
            _results[(count, group.IsOurs)] = new GroupResult();
            if (options.WarmUp > 0)
                group.WarmUp(options.Scenarios[^1]);
            if (options.Rate > 0)
                group.MeasureLatency();
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            NodeGroup[] turns = round % 2 == 0 ? [ours, bare] : [bare, ours];
            foreach (var scenario in options.Scenarios)
                Array.ForEach(turns, group => MeasureThroughput(group, scenario, round));
        }

        for (var round = 0; options.Rate > 0 && round < options.Rounds; round++)
        {
            NodeGroup[] turns = round % 2 == 0 ? [ours, bare] : [bare, ours];
            Array.ForEach(turns, group => MeasureLatency(group, round));
        }
    }

    private void MeasureThroughput(NodeGroup group, Scenario scenario, int round)
    {
        var result = group.MeasureThroughput(scenario);
        var throughputs = _results[(group.Count, group.IsOurs)].Throughputs;
        if (!throughputs.TryGetValue(scenario, out var results))
            throughputs[scenario] = results = [];
        results.Add(result);
        Say($"{broker.Name}, {group.Count} nodes, {scenario.InFlight} in flight, round {round + 1}: {group.Name}: {result.Events:N0} events at each, {result.EventsPerSecond:N0} a second, {result.NodesMicroseconds:F1} us of CPU for each in all nodes, {result.BrokerMicroseconds:F1} in the broker");
    }

    private void MeasureLatency(NodeGroup group, int round)
    {
        var latencies = group.MeasureLatency();
        _results[(group.Count, group.IsOurs)].Latencies.Add(latencies);
        Say($"{broker.Name}, {group.Count} nodes, round {round + 1}: {group.Name}: {latencies.Count:N0} latencies, median {Statistics.Quantile(latencies, 0.5):F3} ms, 99 % {Statistics.Quantile(latencies, 0.99):F3} ms");
    }

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
