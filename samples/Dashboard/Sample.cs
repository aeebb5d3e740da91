using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard;

/// <summary>The measurements of one time.</summary>
/// <param name="At">The time, in milliseconds since 1970 in UTC. It is unique.</param>
/// <param name="Cpu">The CPU time of the process since the last sample, in percent of one core.</param>
/// <param name="WorkingSet">The memory of the process, in bytes.</param>
/// <param name="Heap">The heap of the garbage collector, in bytes.</param>
/// <param name="Subscribers">The number of open streams.</param>
/// <param name="EventsPerSecond">The rate of events that were delivered to the streams since the last sample.</param>
internal sealed record Sample(long At, double Cpu, long WorkingSet, long Heap, long Subscribers, double EventsPerSecond);

/// <summary>The first event of a stream that does not resume.</summary>
/// <param name="Interval">The time between two samples, in milliseconds.</param>
/// <param name="History">The number of samples that the server keeps.</param>
/// <param name="Samples">The samples, the oldest first.</param>
internal sealed record State(double Interval, int History, IReadOnlyCollection<Sample> Samples);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(State))]
internal sealed partial class DashboardJson : JsonSerializerContext;

/// <summary>The settings of the command line, as <c>--interval 0.5 --history 60 --state samples.json</c>.</summary>
internal sealed record Settings(TimeSpan Interval, int History, string StatePath)
{
    public static Settings From(IConfiguration configuration) => new(
        TimeSpan.FromSeconds(configuration.GetValue("interval", 1.0)),
        configuration.GetValue("history", 30),
        configuration.GetValue("state", Path.Combine(AppContext.BaseDirectory, "samples.json")));
}
