using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>How events are published.</summary>
/// <param name="InFlight">How far publishing may be ahead of the client that is furthest behind.</param>
/// <param name="IsPipelined">Whether they are posted without waiting for the answer to the one before.</param>
internal sealed record Scenario(int InFlight, bool IsPipelined)
{
    /// <summary>More than any server needs to be busy all the time.</summary>
    internal const int MostInFlight = 4096;

    /// <summary>As many connections as one after the other is still looked for among.</summary>
    private const int MostConnections = 512;
    private const char Pipelined = 'p';

    /// <summary>In words.</summary>
    internal string Description => string.Create(
        CultureInfo.InvariantCulture, $"{InFlight} in flight{(InFlight == 1 ? "" : IsPipelined ? " from one connection" : $" from {InFlight} connections")}");

    /// <exception cref="ArgumentException">It is no number, or out of its range.</exception>
    internal static Scenario Parse(string text) =>
        int.TryParse(text.TrimEnd(Pipelined), NumberStyles.None, CultureInfo.InvariantCulture, out var inFlight) && inFlight is > 0 and <= MostInFlight
        && (inFlight <= MostConnections || text.EndsWith(Pipelined))
            ? new Scenario(inFlight, text.EndsWith(Pipelined))
            : throw new ArgumentException($"'{text}' is not a number from 1 to 512, or to 4096 with a p.", nameof(text));

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{InFlight}{(IsPipelined ? Pipelined : "")}");
}
