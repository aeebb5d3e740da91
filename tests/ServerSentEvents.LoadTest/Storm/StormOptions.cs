namespace ServerSentEvents.LoadTest.Storm;

/// <summary>The options of a storm on the command line. <see cref="Options.Usage"/> describes them.</summary>
internal sealed class StormOptions
{
    private const int LongestJitter = 600;

    /// <summary>The jitters to measure, in seconds.</summary>
    internal IReadOnlyList<int> Jitters { get; private set; } = [0, 10, 30];

    internal int Clients { get; private set; } = 20_000;

    internal Setup Setup { get; private set; } = new();

    /// <exception cref="ArgumentException">An option is unknown, or its value is out of its range.</exception>
    internal static StormOptions From(string[] arguments)
    {
        var options = new StormOptions();
        Parse.Options(arguments, "--storm", options.Set);
        return options;
    }

    private void Set(string name, string value)
    {
        switch (name)
        {
            case "--storm":
                Jitters = [.. value.Split(',').Select(each => Options.Number(name, each, 0, LongestJitter))];
                break;
            case "--clients":
                Clients = Options.Number(name, value, 1, Options.MostClients);
                break;
            case "--tls":
                Setup = Setup with { Tls = Options.Switch(name, value) };
                break;
            default:
                throw new ArgumentException($"{name} is not an option of --storm.", name);
        }
    }
}
