using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>The same items for the same seed, dense in what formatters and parsers get wrong.</summary>
internal sealed class RandomItems(int seed)
{
    private static readonly string[] Plain =
        ["a", "0", " ", ":", ": ", "data: ", "id: ", "event: ", "retry: 1", "\t", "\uFEFF", "\u2028", "\u00E9", "\U0001F600"];

    private static readonly string[] LineEnds = ["\n", "\r", "\r\n"];

    private static readonly string[] LoneSurrogates = ["\uD83D", "\uDE00"];

    private readonly Random _random = new(seed);

    /// <summary>Whatever is not refused.</summary>
    internal IEnumerable<SseItem<string>> Any(int count) =>
        Items(count, [.. Plain, .. LineEnds, "\0", .. LoneSurrogates], [.. Plain, .. LoneSurrogates]);

    /// <summary>
    /// Those that the BCL's formatter has the same idea of as we do. It has another one of a type that is empty or
    /// "message", which it writes, and of intervals below a millisecond and beyond <see cref="int.MaxValue"/> of them.
    /// </summary>
    internal IEnumerable<SseItem<string>> WellFormed(int count) => Items(count, [.. Plain, .. LineEnds], Plain);

    private IEnumerable<SseItem<string>> Items(int count, string[] ofData, string[] ofFields)
    {
        for (var i = 0; i < count; i++)
        {
            yield return new SseItem<string>(Text(ofData, 0, 12), OneIn(2) ? Text(ofFields, 1, 4) : null)
            {
                EventId = OneIn(2) ? Text(ofFields, 0, 4) : null,
                ReconnectionInterval = OneIn(4) ? TimeSpan.FromMilliseconds(_random.Next()) : null,
            };
        }
    }

    private bool OneIn(int chances) => _random.Next(chances) == 0;

    private string Text(string[] parts, int least, int most) =>
        string.Concat(Enumerable.Range(0, _random.Next(least, most + 1)).Select(_ => parts[_random.Next(parts.Length)]));
}
