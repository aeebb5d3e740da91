using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>The data of an event: its number, the time when the event was due, and padding up to its size.</summary>
internal static class EventData
{
    /// <summary>The number of bytes around the data of an event: the name of the field, and two line ends.</summary>
    internal const int EnvelopeBytes = 8;

    /// <summary>The data of an event that does not count.</summary>
    internal const string Hello = "hello";

    /// <summary>The byte before a client's name. No other part of an event contains this byte.</summary>
    internal const byte NameMark = (byte)'#';

    internal const int NameLength = 8;

    private const int NumberDigits = 8;
    private const int TimeDigits = 16;

    internal static ReadOnlySpan<byte> HelloBytes => "hello"u8;

    /// <summary>Returns the data of an event that is due now.</summary>
    internal static string New(int number, int length) => New(number, length, Stopwatch.GetTimestamp());

    internal static string New(int number, int length, long due) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:x8}{due:x16}").PadRight(length, '.');

    internal static (int Number, long Due) Read(ReadOnlySpan<byte> data) => (
        int.Parse(data[..NumberDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        long.Parse(data.Slice(NumberDigits, TimeDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    /// <summary>Returns the name of a client. Personalized events end with the name.</summary>
    internal static string NameOf(int client) => client.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Returns the data for one client. The length stays the same, and the end is the client's name.</summary>
    internal static string Personalize(string data, string name) =>
        string.Concat(data.AsSpan(0, data.Length - NameLength - 1), "#", name);
}
