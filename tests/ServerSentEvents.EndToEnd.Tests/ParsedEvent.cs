namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>An event as a client gets it.</summary>
internal sealed record ParsedEvent(string Type, string Data, string LastEventId)
{
    /// <summary>From the form in which our scripts hand it over.</summary>
    internal static ParsedEvent Of(string[] fields) => new(fields[0], fields[1], fields[2]);
}
