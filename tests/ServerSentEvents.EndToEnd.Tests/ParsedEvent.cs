namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>An event as a client receives it.</summary>
internal sealed record ParsedEvent(string Type, string Data, string LastEventId)
{
    /// <summary>Returns the event from the fields that the scripts write.</summary>
    internal static ParsedEvent Of(string[] fields) => new(fields[0], fields[1], fields[2]);
}
