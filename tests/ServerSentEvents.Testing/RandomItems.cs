using System.Net.ServerSentEvents;

namespace ServerSentEvents.Testing;

/// <summary>
/// Random items with characters that formatters and parsers often handle wrongly. Equal seeds give equal items.
/// </summary>
public sealed class RandomItems(int seed)
{
    private static readonly string[] Plain =
        ["a", "0", " ", ":", ": ", "data: ", "id: ", "event: ", "retry: 1", "\t", "\uFEFF", "\u2028", "\u00E9", "\U0001F600"];

    /// <summary>Parts of ids. All of them can be sent back in a header.</summary>
    private static readonly string[] IdParts = ["a", "0", "a b", ":", "x: y", "data:", "~", "!"];

    private static readonly string[] LineEnds = ["\n", "\r", "\r\n"];

    private static readonly string[] LoneSurrogates = ["\uD83D", "\uDE00"];

    private readonly Random _random = new(seed);

    /// <summary>Returns items that a publisher accepts.</summary>
    public IEnumerable<SseItem<string>> Any(int count) =>
        Items(count, [.. Plain, .. LineEnds, "\0", .. LoneSurrogates], [.. Plain, .. LoneSurrogates]);

    /// <summary>
    /// Returns items that the formatter of the BCL writes in the same way as a publisher. The BCL differs in two cases:
    /// it writes a type that is empty or "message", and it writes other values for intervals below one millisecond or
    /// above <see cref="int.MaxValue"/> milliseconds.
    /// </summary>
    public IEnumerable<SseItem<string>> WellFormed(int count) => Items(count, [.. Plain, .. LineEnds], Plain);

    private IEnumerable<SseItem<string>> Items(int count, string[] dataParts, string[] fieldParts)
    {
        for (var i = 0; i < count; i++)
        {
            yield return new SseItem<string>(Text(dataParts, 0, 12), OneIn(2) ? Text(fieldParts, 1, 4) : null)
            {
                EventId = OneIn(2) ? Text(IdParts, 0, 4) : null,
                ReconnectionInterval = OneIn(4) ? TimeSpan.FromMilliseconds(_random.Next()) : null,
            };
        }
    }

    private bool OneIn(int chances) => _random.Next(chances) == 0;

    private string Text(string[] parts, int min, int max) =>
        string.Concat(Enumerable.Range(0, _random.Next(min, max + 1)).Select(_ => parts[_random.Next(parts.Length)]));
}
