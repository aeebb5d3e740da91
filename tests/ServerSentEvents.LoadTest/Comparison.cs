using System.Globalization;
using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>
/// All servers side by side. Every round measures each of them once, beginning with another one each time, so that whatever
/// else the machine has to do meets all of them alike.
/// </summary>
internal sealed class Comparison
{
    private const int MemoryRounds = 3;

    /// <summary>Connections before the first count of memory: what the first ones bring into memory is not theirs alone.</summary>
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
                    // Twice, until the compiler has done what it does for code that runs often.
                    contender.Run(scenario, _options.Events, _options.Seconds);
                    contender.Run(scenario, _options.Events, _options.Seconds);
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
        Say($"{scenario.Description}, round {round + 1}: {contender.Kind.Name}: {result.Deliveries:N0} deliveries, {result.DeliveriesPerSecond:N0} a second, {result.ProcessorMicroseconds:F2} us of CPU each, latency {result.Median.TotalMilliseconds:F2} ms");
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
