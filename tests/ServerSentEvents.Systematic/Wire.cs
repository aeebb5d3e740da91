using System.Globalization;

namespace ServerSentEvents.Systematic;

/// <summary>The part of the wire format that these tests need.</summary>
internal static class Wire
{
    private const string DataField = "data: ";

    internal static string Data(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the text of events that have only data.</summary>
    internal static string Events(params string[] data) => string.Concat(data.Select(line => $"{DataField}{line}\n\n"));

    /// <summary>Returns the data of each event in a text.</summary>
    internal static IEnumerable<string> DataOf(string text) => text.Split('\n')
        .Where(line => line.StartsWith(DataField, StringComparison.Ordinal))
        .Select(line => line[DataField.Length..]);
}
