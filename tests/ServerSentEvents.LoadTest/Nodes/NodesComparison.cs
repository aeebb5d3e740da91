using System.Globalization;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>
/// Nodes with the backplane beside as many with the broker's client library alone, over one broker, in turns. All processes
/// share all processors, as the broker, which is the first to need more than one.
/// </summary>
/// <remarks>
/// The clients are subscriptions copied to streams in the node's own process: what sockets cost is measured without
/// <c>--nodes</c>, and beside a broker and several nodes they would mostly show how few processors there are.
/// </remarks>
internal sealed class NodesComparison
{
    private readonly Options _options;
    private readonly Dictionary<(int Count, bool IsOurs), GroupResult> _results = [];

    private NodesComparison(Options options) => _options = options;

    internal static async Task<int> RunAsync(Options options)
    {
        if (!OperatingSystem.IsLinux() || RabbitMQPrograms.Server is null)
        {
            await Console.Error.WriteLineAsync(OperatingSystem.IsLinux() ? RabbitMQPrograms.Advice : "The load test needs Linux.");
            return 1;
        }

        var broker = new LocalBroker(1);
        try
        {
            await broker.InitializeAsync();
            var comparison = new NodesComparison(options);
            foreach (var count in options.Nodes)
                comparison.Measure(count, broker.Nodes[0]);
            NodesTable.Write(Console.Out, options, comparison._results);
        }
        finally
        {
            await broker.DisposeAsync();
        }

        return 0;
    }

    private void Measure(int count, BrokerNode broker)
    {
        using var ours = new NodeGroup(isOurs: true, count, broker.Port, broker.ProcessId, _options);
        using var bare = new NodeGroup(isOurs: false, count, broker.Port, broker.ProcessId, _options);
        foreach (var group in new[] { ours, bare })
        {
            _results[(count, group.IsOurs)] = new GroupResult();
            // Twice, until the compiler has done what it does for code that runs often.
            group.Carry(_options.Scenarios[^1]);
            group.Carry(_options.Scenarios[^1]);
            if (_options.Rate > 0)
                group.Pace();
        }

        for (var round = 0; round < _options.Rounds; round++)
        {
            NodeGroup[] turns = round % 2 == 0 ? [ours, bare] : [bare, ours];
            foreach (var scenario in _options.Scenarios)
                Array.ForEach(turns, group => Carry(group, scenario, round));
        }

        for (var round = 0; _options.Rate > 0 && round < _options.Rounds; round++)
        {
            NodeGroup[] turns = round % 2 == 0 ? [ours, bare] : [bare, ours];
            Array.ForEach(turns, group => Pace(group, round));
        }
    }

    private void Carry(NodeGroup group, Scenario scenario, int round)
    {
        var result = group.Carry(scenario);
        var carried = _results[(group.Count, group.IsOurs)].Carried;
        if (!carried.TryGetValue(scenario, out var results))
            carried[scenario] = results = [];
        results.Add(result);
        Say($"{group.Count} nodes, {scenario.InFlight} in flight, round {round + 1}: {group.Name}: {result.Events:N0} events at each, {result.EventsPerSecond:N0} a second, {result.NodesMicroseconds:F1} us of CPU for each in all nodes, {result.BrokerMicroseconds:F1} in the broker");
    }

    private void Pace(NodeGroup group, int round)
    {
        var latencies = group.Pace();
        _results[(group.Count, group.IsOurs)].Latencies.Add(latencies);
        Say($"{group.Count} nodes, round {round + 1}: {group.Name}: {latencies.Count:N0} latencies, median {Statistics.Quantile(latencies, 0.5):F3} ms, 99 % {Statistics.Quantile(latencies, 0.99):F3} ms");
    }

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
