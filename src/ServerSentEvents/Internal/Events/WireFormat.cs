using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// The format of frames as UTF-8, for the parser of WHATWG HTML, "Server-sent events" (9.2.5 and 9.2.6). Fields have the order of
/// the BCL's formatter: event, data, id, retry. <see cref="EventValidator"/> has checked their values.
/// </summary>
internal static class WireFormat
{
    /// <summary>The type of an event without an <c>event:</c> line.</summary>
    private const string DefaultEventType = "message";

    private static ReadOnlySpan<byte> EventField => "event: "u8;

    private static ReadOnlySpan<byte> DataField => "data: "u8;

    private static ReadOnlySpan<byte> IdField => "id: "u8;

    private static ReadOnlySpan<byte> RetryField => "retry: "u8;

    private static ReadOnlySpan<byte> CommentField => ": "u8;

    /// <summary>Returns an empty comment line, which keeps a connection from looking idle.</summary>
    internal static byte[] Heartbeat() => ":\n"u8.ToArray();

    /// <summary>Formats an event without its id.</summary>
    /// <param name="item">A valid item.</param>
    /// <param name="maxBytes">The largest length, with the line of an own id.</param>
    /// <param name="paramName">For the exception.</param>
    /// <param name="idOffset">The offset at which the line of the id belongs.</param>
    /// <exception cref="ArgumentException">The event would be longer than <paramref name="maxBytes"/>.</exception>
    internal static byte[] Event(in SseItem<string> item, int maxBytes, string paramName, out int idOffset)
    {
        var type = WrittenType(item.EventType);
        var retry = item.ReconnectionInterval is { } interval ? WholeMilliseconds(interval) : null;
        var length = FieldLength(EventField, type) + LinesLength(DataField, item.Data) + FieldLength(RetryField, retry) + 1;
        var idLength = item.EventId is { } id ? IdLength(id.Length) : 0;
        ThrowIfTooLarge(length + idLength, maxBytes, paramName);

        var bytes = new byte[length];
        var end = WriteField(EventField, type, bytes, 0);
        idOffset = end = WriteLines(DataField, item.Data, bytes, end);
        end = WriteField(RetryField, retry, bytes, end);
        bytes[end] = (byte)'\n';
        return bytes;
    }

    /// <summary>Formats an event without its id. Its data is one line that is UTF-8 already.</summary>
    /// <exception cref="ArgumentException">The event would be longer than <paramref name="maxBytes"/>.</exception>
    internal static byte[] Event(
        ReadOnlySpan<byte> line, string? eventType, string? eventId, int maxBytes, string paramName, out int idOffset)
    {
        var type = WrittenType(eventType);
        var length = FieldLength(EventField, type) + DataField.Length + (long)line.Length + 2;
        ThrowIfTooLarge(length + (eventId is null ? 0 : IdLength(eventId.Length)), maxBytes, paramName);

        var bytes = new byte[length];
        var end = WriteField(EventField, type, bytes, 0);
        DataField.CopyTo(bytes.AsSpan(end));
        line.CopyTo(bytes.AsSpan(end + DataField.Length));
        idOffset = bytes.Length - 1;
        bytes[idOffset - 1] = bytes[idOffset] = (byte)'\n';
        return bytes;
    }

    /// <summary>
    /// Formats a comment without a blank line after it. At a blank line a client sets its last event id, and a client that
    /// has not yet seen an id in this stream would lose its position.
    /// </summary>
    /// <exception cref="ArgumentException">The comment would be longer than <paramref name="maxBytes"/>.</exception>
    internal static byte[] Comment(string comment, int maxBytes, string paramName)
    {
        var length = LinesLength(CommentField, comment);
        ThrowIfTooLarge(length, maxBytes, paramName);
        var bytes = new byte[length];
        WriteLines(CommentField, comment, bytes, 0);
        return bytes;
    }

    /// <summary>
    /// Formats the line of an id. At the start of a stream, the client takes the id over at the first blank line.
    /// </summary>
    internal static byte[] Id(string id) => Field(IdField, id);

    /// <summary>Returns the length of a line with an id of the given length.</summary>
    internal static int IdLength(int length) => IdField.Length + length + 1;

    /// <summary>Formats a <c>retry:</c> line, which takes effect without a blank line.</summary>
    internal static byte[] ReconnectionInterval(TimeSpan interval) => Field(RetryField, WholeMilliseconds(interval));

    /// <summary>Creates the exception for an event whose length is known to be above the limit, but not exactly.</summary>
    internal static ArgumentException TooLarge(string paramName, int maxBytes) => new(
        FormattableString.Invariant($"The event takes more bytes than MaxEventBytes ({maxBytes:N0})."), paramName);

    private static string? WrittenType(string? eventType) => eventType is "" or DefaultEventType ? null : eventType;

    private static byte[] Field(ReadOnlySpan<byte> name, string value)
    {
        var bytes = new byte[FieldLength(name, value)];
        WriteField(name, value, bytes, 0);
        return bytes;
    }

    private static long FieldLength(ReadOnlySpan<byte> name, string? value) =>
        value is null ? 0 : name.Length + (long)Encoding.UTF8.GetByteCount(value) + 1;

    /// <summary>Returns the length of a value as lines, split where a client would split: at CR LF, CR and LF.</summary>
    private static long LinesLength(ReadOnlySpan<byte> name, string value)
    {
        long lines = 1;
        long lineEnds = 0;
        for (var start = 0; NextLineEnd(value, start, out var end, out var next); start = next)
        {
            lines++;
            lineEnds += next - end;
        }

        return Encoding.UTF8.GetByteCount(value) - lineEnds + (lines * (name.Length + 1));
    }

    private static int WriteField(ReadOnlySpan<byte> name, string? value, byte[] bytes, int at) =>
        value is null ? at : WriteLine(name, value, 0, value.Length, bytes, at);

    private static int WriteLines(ReadOnlySpan<byte> name, string value, byte[] bytes, int at)
    {
        var start = 0;
        for (; NextLineEnd(value, start, out var end, out var next); start = next)
            at = WriteLine(name, value, start, end - start, bytes, at);
        return WriteLine(name, value, start, value.Length - start, bytes, at);
    }

    /// <summary>Writes one line. The encoder replaces a surrogate without its partner by U+FFFD.</summary>
    private static int WriteLine(ReadOnlySpan<byte> name, string value, int start, int length, byte[] bytes, int at)
    {
        name.CopyTo(bytes.AsSpan(at));
        at += name.Length;
        at += Encoding.UTF8.GetBytes(value, start, length, bytes, at);
        bytes[at] = (byte)'\n';
        return at + 1;
    }

    private static bool NextLineEnd(string value, int start, out int end, out int next)
    {
        var length = value.AsSpan(start).IndexOfAny('\r', '\n');
        end = start + length;
        next = length >= 0 && value[end] == '\r' && end + 1 < value.Length && value[end + 1] == '\n' ? end + 2 : end + 1;
        return length >= 0;
    }

    private static void ThrowIfTooLarge(long length, int maxBytes, string paramName)
    {
        if (length > maxBytes)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"The event takes {length:N0} bytes, more than MaxEventBytes ({maxBytes:N0})."),
                paramName);
        }
    }

    /// <summary>Formats an interval as whole milliseconds. A positive interval is never 0.</summary>
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
