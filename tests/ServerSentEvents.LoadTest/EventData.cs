using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>What is published: the event's number, when it was published, and as much else as it takes to have its size.</summary>
internal static class EventData
{
    /// <summary>What stands around the data of an event: its field's name, and the two ends of line.</summary>
    internal const int EnvelopeBytes = 8;

    /// <summary>The data of an event that does not count.</summary>
    internal const string Hello = "hello";

    internal static ReadOnlySpan<byte> HelloBytes => "hello"u8;

    private const int NumberDigits = 8;
    private const int TimeDigits = 16;

    internal static string New(int number, int length) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:x8}{Stopwatch.GetTimestamp():x16}").PadRight(length, '.');

    internal static (int Number, long Published) Read(ReadOnlySpan<byte> data) => (
        int.Parse(data[..NumberDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        long.Parse(data.Slice(NumberDigits, TimeDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}
