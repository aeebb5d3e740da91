using System.Text;
using System.Text.RegularExpressions;

namespace ServerSentEvents.Client.Tests;

/// <summary>The algorithm of the standard for a whole stream, written down as it stands there (WHATWG HTML, 9.2.6).</summary>
internal sealed partial class NaiveParser
{
    /// <summary>The events, each as type, data and last event id, separated by <c>|</c>.</summary>
    internal List<string> Events { get; } = [];

    internal string LastEventId { get; private set; } = "";

    internal void Parse(byte[] stream)
    {
        var text = Encoding.UTF8.GetString(stream);
        if (text.StartsWith('\uFEFF'))
            text = text[1..];
        var lines = EndOfLine().Split(text);
        var (data, eventType, id) = ("", "", "");
        // What follows the last end of a line is incomplete.
        foreach (var line in lines[..^1])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            value = value.StartsWith(' ') ? value[1..] : value;
            if (line == "")
            {
                LastEventId = id;
                if (data != "")
                    Events.Add($"{(eventType == "" ? "message" : eventType)}|{data[..^1]}|{id}");
                (data, eventType) = ("", "");
            }
            else if (name == "event")
            {
                eventType = value;
            }
            else if (name == "data")
            {
                data += value + "\n";
            }
            else if (name == "id" && !value.Contains('\0', StringComparison.Ordinal))
            {
                id = value;
            }
        }
    }

    [GeneratedRegex("\r\n|\n|\r", RegexOptions.None, 10_000)]
    private static partial Regex EndOfLine();
}
