using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>A way to publish events.</summary>
/// <param name="InFlight">The number of events by which publishing may be ahead of the slowest client.</param>
/// <param name="IsPipelined">Whether events are posted without waiting for the answer to the event before.</param>
/// <param name="Rate">Events a second at fixed times, whatever the server does; 0 to publish as fast as the window allows.</param>
internal sealed record Scenario(int InFlight, bool IsPipelined, int Rate = 0)
{
    /// <summary>More than any server needs to be busy all the time.</summary>
    internal const int MostInFlight = 4096;

    /// <summary>Less than the queue of a client holds: a server that cannot keep up is late, but loses nothing.</summary>
    private const int MostBehind = 1000;

    /// <summary>The largest number of publishing connections. An idle one is found by a search through all of them.</summary>
    private const int MostConnections = 512;
    private const char Pipelined = 'p';
    private const char PerSecond = '/';

    /// <summary>The scenario in words.</summary>
    internal string Description => this switch
    {
        { Rate: > 0 } => Text($"{Rate:N0} a second at fixed times"),
        { InFlight: 1 } => "1 in flight",
        { IsPipelined: true } => Text($"{InFlight} in flight from one connection"),
        _ => Text($"{InFlight} in flight from {InFlight} connections"),
    };

    internal static Scenario AtRate(int rate) => new(MostBehind, IsPipelined: true, rate);

    /// <exception cref="ArgumentException">The text is no number, or out of its range.</exception>
    internal static Scenario Parse(string text)
    {
        if (text.EndsWith(PerSecond))
            return AtRate(LoadTest.Parse.Number(text[..^1]));
        return int.TryParse(text.TrimEnd(Pipelined), NumberStyles.None, CultureInfo.InvariantCulture, out var inFlight)
            && inFlight is > 0 and <= MostInFlight
            && (inFlight <= MostConnections || text.EndsWith(Pipelined))
            ? new Scenario(inFlight, text.EndsWith(Pipelined))
            : throw new ArgumentException($"'{text}' is not a number from 1 to 512, or to 4096 with a p.", nameof(text));
    }

    public override string ToString() => Rate > 0 ? Text($"{Rate}{PerSecond}") : Text($"{InFlight}{(IsPipelined ? Pipelined : "")}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
