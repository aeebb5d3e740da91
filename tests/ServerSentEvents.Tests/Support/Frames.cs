namespace ServerSentEvents.Tests;

/// <summary>Takes fields from the text of events.</summary>
internal static class Frames
{
    /// <summary>Returns the data lines of all events in a text.</summary>
    internal static IEnumerable<string> DataOf(string text) => ValuesOf(text, "data: ");

    /// <summary>Returns the data lines of events.</summary>
    internal static IEnumerable<string> DataOf(IEnumerable<string> texts) => texts.SelectMany(DataOf);

    /// <summary>Returns the ids of all events in a text.</summary>
    internal static IEnumerable<string> IdsOf(string text) => ValuesOf(text, "id: ");

    /// <summary>Returns the id of one event.</summary>
    internal static string IdOf(string text) => IdsOf(text).Single();

    private static IEnumerable<string> ValuesOf(string text, string field) => text.Split('\n')
        .Where(line => line.StartsWith(field, StringComparison.Ordinal)).Select(line => line[field.Length..]);
}
