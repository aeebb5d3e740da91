using System.Globalization;
using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>
/// Compares servers side by side. Every round measures each server once and starts with another server, so that other work
/// on the machine disturbs all servers alike.
/// </summary>
internal sealed class Comparison
{
    private const int MemoryRounds = 3;

    /// <summary>The number of connections before the first measurement of memory. They also load code and fill pools.</summary>
    private const int FirstConnections = 200;

    private readonly Options _options;
    private readonly List<ServerKind> _kinds;
    private readonly Dictionary<(ServerKind Kind, Scenario Scenario), List<RunResult>> _runs = [];
    private readonly Dictionary<ServerKind, List<double>> _idleBytes = [];

    private Comparison(Options options, List<ServerKind> kinds) => (_options, _kinds) = (options, kinds);

    internal static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("The load test needs Linux.");
            return 1;
        }

        var kinds = options.Kinds.ToList();
        if (kinds.Contains(ServerKind.Nchan) && !Nchan.IsInstalled)
        {
            Console.Error.WriteLine($"Left out: {ServerKind.Nchan.Name}. {Nchan.Advice}");
            kinds.Remove(ServerKind.Nchan);
        }

        foreach (var kind in kinds.Where(kind => options.Setup.NeedsKestrel && kind.NewStreams is null).ToList())
        {
            Console.Error.WriteLine($"Not measured with these options: {kind.Name}.");
            kinds.Remove(kind);
        }

        var comparison = new Comparison(options, kinds);
        comparison.MeasureRuns();
        if (options.Idle > 0)
            comparison.MeasureMemory();
        var results = kinds.ConvertAll(comparison.Result);
        Table.Write(Console.Out, options, results);
        if (options.Picture is { } picture)
            File.WriteAllText(picture, Picture.Draw(options, results));
        return 0;
    }

    private KindResult Result(ServerKind kind) => new(
        kind, _options.Scenarios.ToDictionary(scenario => scenario, scenario => _runs[(kind, scenario)]),
        Statistics.Median(_idleBytes.GetValueOrDefault(kind, [])));

    private void MeasureRuns()
    {
        var contenders = new List<Contender>();
        try
        {
            foreach (var kind in _kinds)
            {
                var contender = new Contender(kind, _options);
                contenders.Add(contender);
                contender.Connect(_options.Clients);
                foreach (var scenario in _options.Scenarios)
                {
                    _runs[(kind, scenario)] = [];
                    if (_options.WarmUp > 0)
                        contender.Run(scenario, events: 0, _options.WarmUp);
                }
            }

            foreach (var scenario in _options.Scenarios)
            {
                for (var round = 0; round < _options.Rounds; round++)
                {
                    for (var i = 0; i < contenders.Count; i++)
                        Measure(contenders[(round + i) % contenders.Count], scenario, round);
                }
            }
        }
        finally
        {
            contenders.ForEach(contender => contender.Dispose());
        }
    }

    private void Measure(Contender contender, Scenario scenario, int round)
    {
        var result = contender.Run(scenario, _options.Events, _options.Seconds);
        _runs[(contender.Kind, scenario)].Add(result);
        Say($"{scenario.Description}, round {round + 1}: {contender.Kind.Name}: {result.Deliveries:N0} deliveries, {result.DeliveriesPerSecond:N0} a second, {result.ProcessorMicroseconds:F2} us of CPU each, {100 * result.ProcessorShare:F0} % CPU, latency {result.Median.TotalMilliseconds:F2} ms");
    }

    private void MeasureMemory()
    {
        for (var round = 0; round < Math.Min(MemoryRounds, _options.Rounds); round++)
        {
            foreach (var kind in _kinds)
            {
                using var contender = new Contender(kind, _options);
                contender.Connect(FirstConnections);
                contender.Run(new Scenario(1, IsPipelined: false), FirstConnections, 0);
                var before = contender.ResidentBytes;
                contender.Connect(_options.Idle);
                var each = (contender.ResidentBytes - before) / (double)_options.Idle;
                if (!_idleBytes.TryGetValue(kind, out var all))
                    _idleBytes[kind] = all = [];
                all.Add(each);
                Say($"memory, round {round + 1}: {kind.Name}: {each:N0} bytes for each of {_options.Idle:N0} idle connections");
            }
        }
    }

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
