using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>All that was measured of one kind of server.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Runs">By how events were published, one of each round.</param>
/// <param name="IdleBytes">What an idle connection takes, the median; not a number where that was not measured.</param>
internal sealed record KindResult(ServerKind Kind, IReadOnlyDictionary<Scenario, List<RunResult>> Runs, double IdleBytes)
{
    internal double Median(Scenario scenario, Func<RunResult, double> figure) => Statistics.Median(Runs[scenario].Select(figure));
}
