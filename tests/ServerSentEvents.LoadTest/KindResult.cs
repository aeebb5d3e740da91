using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>All measurements of one kind of server.</summary>
/// <param name="Kind">The kind of server.</param>
/// <param name="Runs">The results of each scenario, one for each round.</param>
/// <param name="IdleBytes">The median memory of an idle connection in bytes; NaN if memory was not measured.</param>
internal sealed record KindResult(ServerKind Kind, IReadOnlyDictionary<Scenario, List<RunResult>> Runs, double IdleBytes)
{
    internal double Median(Scenario scenario, Func<RunResult, double> figure) => Statistics.Median(Runs[scenario].Select(figure));
}
