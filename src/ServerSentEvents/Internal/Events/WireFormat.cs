using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// Writes frames as the standard has them parsed (WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6). Fields come in
/// one fixed order, that of the BCL's own formatter: event, data, id, retry. The fields have been through
/// <see cref="EventValidator"/>.
/// </summary>
internal static class WireFormat
{
    /// <summary>What a client takes an event for that names no type.</summary>
    private const string DefaultEventType = "message";

    /// <summary>
    /// Keeps a connection from looking idle. It ends no event, and is written only between events.
    /// </summary>
    internal const string Heartbeat = ":\n";

    internal static string Event(in SseItem<string> item, string? id)
    {
        var text = new StringBuilder(item.Data.Length + 64);
        if (item.EventType is not ("" or DefaultEventType))
            AppendField(text, "event: ", item.EventType);
        AppendLines(text, "data: ", item.Data);
        if (id is not null)
            AppendField(text, "id: ", id);
        if (item.ReconnectionInterval is { } interval)
            AppendField(text, "retry: ", WholeMilliseconds(interval));
        return Utf16.ReplaceLoneSurrogates(text.Append('\n').ToString());
    }

    /// <summary>
    /// A comment has no blank line behind it: at a blank line a client sets its last event id, and one that comes
    /// before the first id of its stream would erase the position that the client has.
    /// </summary>
    internal static string Comment(string comment)
    {
        var text = new StringBuilder(comment.Length + 8);
        AppendLines(text, ": ", comment);
        return Utf16.ReplaceLoneSurrogates(text.ToString());
    }

    /// <summary>A block with an id and no data, which sets a client's last event id and dispatches nothing.</summary>
    internal static string Position(string id) => Utf16.ReplaceLoneSurrogates($"id: {id}\n\n");

    /// <summary>A client takes the field at the end of its line; a blank line would set its last event id as well.</summary>
    internal static string ReconnectionInterval(TimeSpan interval) => $"retry: {WholeMilliseconds(interval)}\n";

    private static void AppendField(StringBuilder text, string name, string value) =>
        text.Append(name).Append(value).Append('\n');

    /// <summary>One field for each line of the value, split where a client would split: at CR LF, CR and LF.</summary>
    private static void AppendLines(StringBuilder text, string name, string value)
    {
        for (var start = 0; ;)
        {
            var length = value.AsSpan(start).IndexOfAny('\r', '\n');
            if (length < 0)
            {
                text.Append(name).Append(value, start, value.Length - start).Append('\n');
                return;
            }

            text.Append(name).Append(value, start, length).Append('\n');
            var end = start + length;
            start = value[end] == '\r' && end + 1 < value.Length && value[end + 1] == '\n' ? end + 2 : end + 1;
        }
    }

    /// <summary>Within what clients read as a number, and never so short that it says "at once" where something was meant.</summary>
    private static string WholeMilliseconds(TimeSpan interval)
    {
        var whole = interval.TotalMilliseconds switch
        {
            > 0 and < 1 => 1,
            >= int.MaxValue => int.MaxValue,
            var milliseconds => (int)milliseconds,
        };
        return whole.ToString(CultureInfo.InvariantCulture);
    }
}
