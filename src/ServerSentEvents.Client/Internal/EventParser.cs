using System.Net.ServerSentEvents;
using System.Text;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Client.Internal;

/// <summary>
/// A parser of event streams by the standard (WHATWG HTML, 9.2.6), in chunks of any size. One parser serves all connections of an
/// enumeration: the last event id and the reconnection interval remain.
/// </summary>
/// <remarks>
/// By its letter, the standard starts each stream with an empty last event id. Browsers and the web platform tests keep the
/// id of the previous connection until the server sends another, and so does this class.
/// </remarks>
internal sealed class EventParser(int maxEventBytes, string? lastEventId)
{
    /// <summary>The longest id that is sent back. Common servers refuse header lines of more than 8 KB.</summary>
    private const int MaxSentIdLength = 4_096;

    /// <summary>The bytes of the line that is incomplete.</summary>
    private readonly ByteBuffer _line = new();

    /// <summary>The values of the data fields of the event, each with a line feed.</summary>
    private readonly ByteBuffer _data = new();

    private string _eventType = "";

    /// <summary>The id that the next blank line makes the last event id.</summary>
    private string? _id = lastEventId;

    /// <summary>The numbers of bytes of the event's type and id.</summary>
    private int _eventTypeBytes, _idBytes;

    private bool _isFirstLine = true;

    /// <summary>True if a line has ended with a carriage return, so that a line feed belongs to the same end.</summary>
    private bool _skipsLineFeed;

    /// <summary>The event of the last <see cref="ParseResult.Event"/>.</summary>
    internal SseItem<string> Current { get; private set; }

    /// <summary>The last event id; null if there is none or if it is empty.</summary>
    internal string? LastEventId { get; private set; } = lastEventId;

    /// <summary>
    /// The newest last event id that a header can carry; null if there is none. If ids cannot be sent, a resume from an older id
    /// repeats events, and no id at all would lose events.
    /// </summary>
    internal string? ResumeId { get; private set; } = lastEventId;

    /// <summary>The newest value of a <c>retry:</c> field; null if there was none.</summary>
    internal TimeSpan? ReconnectionInterval { get; private set; }

    /// <summary>
    /// Returns whether a header can carry an id unchanged: visible ASCII characters, with spaces only between them, and not too many.
    /// Null is no id, and needs no header.
    /// </summary>
    /// <param name="id">The id, not empty; null for none.</param>
    internal static bool CanBeSent(string? id)
    {
        if (id is null)
            return true;
        if (id.Length > MaxSentIdLength || id[0] == ' ' || id[id.Length - 1] == ' ')
            return false;
        foreach (var character in id)
        {
            if (character is < ' ' or > '~')
                return false;
        }

        return true;
    }

    /// <summary>Starts a new stream, and discards the incomplete event of the previous one.</summary>
    internal void Reset()
    {
        _line.Clear();
        _data.Clear();
        (_eventType, _id) = ("", LastEventId);
        (_eventTypeBytes, _idBytes) = (0, 0);
        (_isFirstLine, _skipsLineFeed) = (true, false);
    }

    /// <summary>Parses up to the end of the next event, or to the end of the bytes.</summary>
    internal ParseResult Parse(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        while (consumed < bytes.Length)
        {
            var rest = bytes.Slice(consumed);
            if (_skipsLineFeed)
            {
                _skipsLineFeed = false;
                if (rest[0] == '\n')
                {
                    consumed++;
                    continue;
                }
            }

            var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
            var part = end < 0 ? rest : rest.Slice(0, end);
            if ((long)_line.Length + _data.Length + _eventTypeBytes + _idBytes + part.Length > maxEventBytes)
                return ParseResult.TooLarge;
            consumed += end < 0 ? part.Length : part.Length + 1;
            if (end < 0)
            {
                _line.Append(part);
                break;
            }

            _skipsLineFeed = rest[end] == '\r';
            if (ProcessLine(part))
                return ParseResult.Event;
        }

        return ParseResult.Incomplete;
    }

    /// <summary>Processes a line whose last part is given. Returns whether it completes an event.</summary>
    private bool ProcessLine(ReadOnlySpan<byte> part)
    {
        if (_line.Length == 0)
            return ProcessWholeLine(part);
        _line.Append(part);
        var completes = ProcessWholeLine(_line.Bytes);
        _line.Clear();
        return completes;
    }

    private bool ProcessWholeLine(ReadOnlySpan<byte> line)
    {
        if (_isFirstLine && line.StartsWith("\uFEFF"u8))
            line = line.Slice("\uFEFF"u8.Length);
        _isFirstLine = false;
        if (line.IsEmpty)
            return Dispatch();
        var colon = line.IndexOf((byte)':');
        var value = colon < 0 ? default : line.Slice(colon + 1);
        if (value.Length > 0 && value[0] == ' ')
            value = value.Slice(1);
        ProcessField(colon < 0 ? line : line.Slice(0, colon), value);
        return false;
    }

    private void ProcessField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("data"u8))
        {
            _data.Reserve(value.Length + 1);
            _data.Append(value);
            _data.Append("\n"u8);
        }
        else if (name.SequenceEqual("event"u8))
        {
            (_eventType, _eventTypeBytes) = (Decode(value), value.Length);
        }
        else if (name.SequenceEqual("id"u8))
        {
            if (value.IndexOf((byte)0) < 0)
                (_id, _idBytes) = (value.IsEmpty ? null : Decode(value), value.Length);
        }
        else if (name.SequenceEqual("retry"u8) && !value.IsEmpty)
        {
            ProcessRetry(value);
        }
    }

    private void ProcessRetry(ReadOnlySpan<byte> value)
    {
        var milliseconds = 0d;
        foreach (var digit in value)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return;
            milliseconds = Math.Min((milliseconds * 10) + (digit - '0'), EventStreamClientOptions.LongestInterval.TotalMilliseconds);
        }

        ReconnectionInterval = TimeSpan.FromMilliseconds(
            Math.Max(milliseconds, EventStreamClientOptions.ShortestInterval.TotalMilliseconds));
    }

    /// <summary>Processes a blank line. Returns whether there is an event.</summary>
    private bool Dispatch()
    {
        if (!ReferenceEquals(LastEventId, _id))
        {
            LastEventId = _id;
            if (CanBeSent(_id))
                ResumeId = _id;
        }

        var eventType = _eventType.Length == 0 ? null : _eventType;
        (_eventType, _eventTypeBytes, _idBytes) = ("", 0, 0);
        if (_data.Length == 0)
            return false;
        var data = Decode(_data.Bytes.Slice(0, _data.Length - 1));
        _data.Clear();
        Current = new SseItem<string>(data, eventType).WithId(LastEventId);
        return true;
    }

    /// <summary>Decodes UTF-8. Invalid bytes become U+FFFD.</summary>
    private static string Decode(ReadOnlySpan<byte> bytes) =>
#if NET
        Encoding.UTF8.GetString(bytes);
#else
        Encoding.UTF8.GetString(bytes.ToArray());
#endif
}

/// <summary>The result of parsing a chunk.</summary>
internal enum ParseResult
{
    /// <summary>All bytes were consumed, and the event is not complete.</summary>
    Incomplete,

    /// <summary>An event is complete.</summary>
    Event,

    /// <summary>The event is larger than the limit. The parser cannot continue with this stream.</summary>
    TooLarge,
}
