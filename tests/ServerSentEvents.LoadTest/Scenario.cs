using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>A way to publish events.</summary>
/// <param name="InFlight">The number of events by which publishing may be ahead of the slowest client.</param>
/// <param name="IsPipelined">True if an event is posted without waiting for the answer to the previous event.</param>
/// <param name="Rate">The events a second, published at fixed times; 0 to publish as fast as the window allows.</param>
internal sealed record Scenario(int InFlight, bool IsPipelined, int Rate = 0)
{
    /// <summary>The largest number of events in flight. Every server is busy with fewer events.</summary>
    internal const int MostInFlight = 4096;

    /// <summary>The largest number of events in flight at a fixed rate. The queues hold more, so no event is lost.</summary>
    private const int MostBehind = 1000;

    /// <summary>The largest number of publishing connections. The search for an idle connection reads all of them.</summary>
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

    /// <exception cref="ArgumentException">The text is not a number, or is out of range.</exception>
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
