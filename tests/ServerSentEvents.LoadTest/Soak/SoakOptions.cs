namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The options of the soak on the command line. <see cref="Options.Usage"/> describes them.</summary>
internal sealed class SoakOptions
{
    private const int ShortestPhase = 5;
    private const int LongestRun = 24 * 60 * 60;

    private SoakOptions()
    {
    }

    internal IReadOnlyList<SoakPhase> Phases { get; private set; } = SoakPhase.All;

    internal int Clients { get; private set; } = 5000;

    /// <summary>The duration of all phases together.</summary>
    internal int Seconds { get; private set; } = 1800;

    internal int Rate { get; private set; } = 200;

    internal int Seed { get; private set; } = Random.Shared.Next();

    /// <summary>The mean pause between two faults of the broker, in seconds; 0 for no faults.</summary>
    internal int SecondsBetweenFaults { get; private set; }

    internal string? Picture { get; private set; }

    /// <exception cref="ArgumentException">An option is unknown, or its value is out of its range.</exception>
    internal static SoakOptions From(string[] arguments)
    {
        var options = new SoakOptions();
        Parse.Options(arguments, "--soak", options.Set);
        return options.Seconds >= ShortestPhase * options.Phases.Count
            ? options
            : throw new ArgumentException($"--seconds must be at least {ShortestPhase} for each phase.", nameof(arguments));
    }

    private void Set(string name, string value)
    {
        switch (name)
        {
            case "--soak":
                Phases = [.. value.Split(',').Select(SoakPhase.Named)];
                break;
            case "--clients":
                Clients = Options.Number(name, value, 1, Options.MostClients);
                break;
            case "--seconds":
                Seconds = Options.Number(name, value, 1, LongestRun);
                break;
            case "--rate":
                Rate = Options.Number(name, value, 1, Options.FastestRate);
                break;
            case "--seed":
                Seed = Options.Number(name, value, 0, int.MaxValue);
                break;
            case "--faults":
                SecondsBetweenFaults = Options.Number(name, value, 0, LongestRun);
                break;
            case "--picture":
                Picture = value;
                break;
            default:
                throw new ArgumentException($"{name} is not an option of --soak.", name);
        }
    }
}
