namespace ServerSentEvents.Client.Tests;

/// <summary>A stream, and the events that the standard makes of it (WHATWG HTML, 9.2.6, if no other place is named).</summary>
/// <param name="Statement">The statement of the standard, or the web platform test, from which the case comes.</param>
/// <param name="Stream">The stream. A character above U+007F stands for its UTF-8 bytes.</param>
/// <param name="Events">The events, each as type, data and last event id, separated by <c>|</c>.</param>
/// <param name="LastEventId">The id that the next request sends; null for none.</param>
internal sealed record ParsingCase(string Statement, string Stream, string[] Events, string? LastEventId = null)
{
    internal static readonly ParsingCase[] All =
    [
        new("Blank line: dispatch the event", "data: a\n\n", ["message|a|"]),
        new("Two events", "data: a\n\ndata: b\n\n", ["message|a|", "message|b|"]),
        new("Several data lines are joined by a line feed", "data: a\ndata:b\n\n", ["message|a\nb|"]),
        new("Only the last line feed of the data is removed", "data: a\ndata:\n\n", ["message|a\n|"]),
        new("Two empty data lines are one line feed (format-field-data)", "data\ndata\n\ndata:test\n\n", ["message|\n|", "message|test|"]),
        new("A line without a colon is a field with an empty value", "data\n\n", ["message||"]),
        new("No data: no event", "event: a\n\ndata: b\n\n", ["message|b|"]),
        new("One space after the colon is removed", "data:a\n\ndata:  b\n\n", ["message|a|", "message| b|"]),
        new("Other white space stays (format-leading-space)", "data:\ttest\ndata: \ndata:test\n\n", ["message|\ttest\n\ntest|"]),
        new("The value begins after the first colon", "data:a:b\n\n", ["message|a:b|"]),
        new("Lines that start with a colon are ignored", ":c\ndata: a\n::\n\n", ["message|a|"]),
        new("A comment is no event", ": a\n\n:\n\n", []),
        new("Other fields are ignored (format-field-unknown)", "data:a\n data:x\ndata:b\nfoo:x\nbad\n\n", ["message|a\nb|"]),
        new("Field names are case sensitive", "Data: x\nDATA: x\ndata: a\n\n", ["message|a|"]),
        new("Field names are compared whole", "dat: x\ndatas: x\ndata : x\ndata: a\n\n", ["message|a|"]),
        new("The event type (format-field-event)", "event:test\ndata:x\n\ndata:y\n\n", ["test|x|", "message|y|"]),
        new("An empty type is message (format-field-event-empty)", "event: \ndata:a\n\n", ["message|a|"]),
        new("The last type of an event counts", "event: a\nevent: b\ndata: c\n\n", ["b|c|"]),
        new("A type ends with its event, even without data", "event: a\n\ndata: b\n\n", ["message|b|"]),
        new("CR ends a line", "data: a\rdata: b\r\r", ["message|a\nb|"]),
        new("CR LF is one end of a line", "data: a\r\ndata: b\r\n\r\n", ["message|a\nb|"]),
        new("All ends of lines (format-newlines)", "data:test\r\ndata\ndata:test\r\n\r\n", ["message|test\n\ntest|"]),
        new("LF CR are two ends of lines", "data: a\n\rdata: b\n\n", ["message|a|", "message|b|"]),
        new("CR LF, then LF, is a blank line", "data: a\r\n\n", ["message|a|"]),
        new("One byte order mark is removed (format-bom)", "\uFEFFdata: a\n\n", ["message|a|"]),
        new("Only one byte order mark is removed (format-bom-2)", "\uFEFF\uFEFFdata: x\n\ndata: b\n\n", ["message|b|"]),
        new("A byte order mark later is part of a name", "\n\uFEFFdata: x\n\ndata: b\n\n", ["message|b|"]),
        new("A byte order mark alone is a blank line", "\uFEFF\ndata: a\n\n", ["message|a|"]),
        new("The stream is UTF-8 (format-utf-8)", "data: ok…é豆\n\n", ["message|ok…é豆|"]),
        new("NUL is a character (format-null-character)", "data:\0\n\n", ["message|\0|"]),
        new("An incomplete event is discarded at the end", "data: a\n\ndata: x\n", ["message|a|"]),
        new("An incomplete line is discarded (format-data-before-final-empty-line)", "retry:1000\ndata:x\n\ndata:y", ["message|x|"]),
        new("The id (format-field-id)", "id: 1\ndata: a\n\n", ["message|a|1"], "1"),
        new("The id persists (format-field-id-3)", "id: 1\ndata: a\n\ndata: b\n\n", ["message|a|1", "message|b|1"], "1"),
        new("The id changes", "id: 1\ndata: a\n\nid: 2\ndata: b\n\n", ["message|a|1", "message|b|2"], "2"),
        new("An empty id resets it", "id: 1\ndata: a\n\nid\ndata: b\n\n", ["message|a|1", "message|b|"]),
        new("An id without data counts", "id: 1\n\n", [], "1"),
        new("An id after the data counts", "data: a\nid: 1\n\n", ["message|a|1"], "1"),
        new("An id counts at the blank line only", "id: 1\ndata: a\n\nid: 2\ndata: x\n", ["message|a|1"], "1"),
        new("An id with NUL is ignored (format-field-id-null)", "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", ["message|a|1", "message|b|1"], "1"),
        new("The last id of an event counts", "id: 1\nid: 2\ndata: a\n\n", ["message|a|2"], "2"),
        new("Inner spaces of an id stay", "id: a b\ndata: c\n\n", ["message|c|a b"], "a b"),
        new("A retry line is no event", "retry: 1000\n\n", []),
        new("Fields in any order", "data: a\nid: 1\nretry: 5\nevent: b\n\n", ["b|a|1"], "1"),
    ];
}
