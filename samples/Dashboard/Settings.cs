namespace Dashboard;

/// <summary>What the command line can say, as <c>--interval 0.5 --history 60 --state samples.json</c>.</summary>
/// <param name="Interval">The time between two samples: a second, if nothing is said.</param>
/// <param name="History">How many samples are kept, for new pages and for those that come back: 30, if nothing is said.</param>
/// <param name="StatePath">Where the samples outlive a restart: beside the program, if nothing is said.</param>
internal sealed record Settings(TimeSpan Interval, int History, string StatePath)
{
    public static Settings From(IConfiguration configuration) => new(
        TimeSpan.FromSeconds(configuration.GetValue("interval", 1.0)),
        configuration.GetValue("history", 30),
        configuration.GetValue("state", Path.Combine(AppContext.BaseDirectory, "samples.json")));
}
