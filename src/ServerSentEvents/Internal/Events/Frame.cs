using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// An event, a comment or a line, checked and formatted as UTF-8 when it is created. All subscribers share it. The line of
/// the id is kept apart, because the position is known only under the registry's lock.
/// </summary>
internal sealed class Frame
{
    /// <summary>The value of <see cref="_idOffset"/> for a frame that is not an event.</summary>
    private const int NotAnEvent = -1;

    /// <summary>The frame without the line of its id.</summary>
    private readonly byte[] _utf8;

    /// <summary>The offset of the line of the id in <see cref="_utf8"/>.</summary>
    private readonly int _idOffset;

    /// <summary>The number of bytes, with the line of the id.</summary>
    private int _length;

    /// <summary>The own id, as a string, or the <see cref="EventIds"/> of the generated id; null for none.</summary>
    private object? _id;

    /// <summary>The position that the generated id stands for.</summary>
    private EventPosition _position;

    /// <summary>The line of the id, made when it is first asked for.</summary>
    private byte[]? _idLine;

    /// <summary>The text form, made when it is first asked for. Guarded by a lock on <see cref="_utf8"/>.</summary>
    private string? _text;

    /// <summary>The item form, made when it is first asked for. Guarded by a lock on <see cref="_utf8"/>.</summary>
    private StrongBox<SseItem<string>>? _item;

    private Frame(byte[] utf8, int idOffset = NotAnEvent, string? ownId = null)
    {
        _utf8 = utf8;
        _idOffset = idOffset;
        _id = ownId;
        _length = utf8.Length + (ownId is null ? 0 : WireFormat.IdLength(ownId.Length));
    }

    /// <summary>A comment line, for a stream in which nothing has happened.</summary>
    internal static Frame Heartbeat { get; } = new(WireFormat.Heartbeat());

    internal bool IsEvent => _idOffset != NotAnEvent;

    /// <summary>The id that the application gave; null for none.</summary>
    internal string? OwnId => _id as string;

    /// <summary>
    /// The start of the measured delivery; 0 if it is not measured. Set before a reader can have the frame.
    /// </summary>
    internal long DeliveryStart { get; set; }

    /// <summary>The number of bytes on the wire.</summary>
    internal int Length => _length;

    internal string Text
    {
        get
        {
            if (Volatile.Read(ref _text) is { } text)
                return text;
            // The lock keeps two readers from both decoding a large event.
            lock (_utf8)
                return _text ??= Encoding.UTF8.GetString(ToArray());
        }
    }

    /// <summary>The event as a conforming client reads it. Only for events.</summary>
    internal SseItem<string> Item
    {
        get
        {
            if (Volatile.Read(ref _item) is { } item)
                return item.Value;
            lock (_utf8)
                return (_item ??= new(Parse())).Value;
        }
    }

    /// <summary>Checks and formats an event.</summary>
    /// <exception cref="ArgumentException">The item is not valid, or larger than <paramref name="maxBytes"/>.</exception>
    internal static Frame ForItem(in SseItem<string> item, int maxBytes, string paramName)
    {
        EventValidator.ThrowIfInvalid(item, paramName);
        return new Frame(WireFormat.Event(item, maxBytes, paramName, out var idOffset), idOffset, item.EventId);
    }

    /// <summary>Formats an event whose data is one line. Its type and its id have been checked.</summary>
    /// <exception cref="ArgumentException">The event is larger than <paramref name="maxBytes"/>.</exception>
    internal static Frame ForLine(
        ReadOnlySpan<byte> line, string? eventType, string? eventId, int maxBytes, string paramName) =>
        new(WireFormat.Event(line, eventType, eventId, maxBytes, paramName, out var idOffset), idOffset, eventId);

    /// <exception cref="ArgumentException">The comment is larger than <paramref name="maxBytes"/>.</exception>
    internal static Frame ForComment(string comment, int maxBytes, string paramName) =>
        new(WireFormat.Comment(comment, maxBytes, paramName));

    /// <summary>Formats an <c>id:</c> line alone, without an event.</summary>
    internal static Frame ForPosition(string id) => new(WireFormat.Id(id)) { _id = id };

    /// <summary>Returns this event with another id.</summary>
    internal Frame WithId(string id) => new(_utf8, _idOffset, id);

    internal static Frame ForReconnectionInterval(TimeSpan interval) => new(WireFormat.ReconnectionInterval(interval));

    /// <summary>
    /// Gives an event its position, and with it a generated id, unless it has an own id. An own id that reads as a generated
    /// one was forwarded from another event, and is replaced. Call before a reader can have the frame.
    /// </summary>
    internal void PlaceAt(EventIds ids, EventPosition position)
    {
        if (OwnId is not null && !ids.TryParse(OwnId, out _))
            return;
        // A key function may have read the event, and with it the line of a forwarded id.
        (_id, _position, _idLine) = (ids, position, null);
        _length = _utf8.Length + WireFormat.IdLength(ids.LengthOf(position));
    }

    /// <summary>
    /// Removes an own id that reads as a generated one: it was forwarded, and names another place. Call before a reader can have the
    /// frame.
    /// </summary>
    internal void RemoveForwardedId(EventIds ids)
    {
        if (OwnId is not null && ids.TryParse(OwnId, out _))
            RemoveId();
    }

    /// <summary>Removes the own id. Call before a reader can have the frame.</summary>
    internal void RemoveId() => (_id, _idLine, _length) = (null, null, _utf8.Length);

    /// <summary>
    /// Returns this event with the generated id of an event that it replaces, because it is sent at the place of that event.
    /// </summary>
    internal Frame AtPlaceOf(Frame place)
    {
        if (_id is null && place._id is null)
            return this;
        var frame = new Frame(_utf8, _idOffset) { DeliveryStart = DeliveryStart };
        if (place._id is EventIds ids)
            frame.PlaceAt(ids, place._position);
        return frame;
    }

    /// <summary>Copies the bytes after an offset, as far as they fit. Returns the number of copied bytes.</summary>
    internal int CopyTo(Span<byte> destination, int offset)
    {
        if (_length == _utf8.Length)
            return CopyPart(_utf8, offset, destination);

        var copied = 0;
        if (offset < _idOffset)
            copied = CopyPart(_utf8.AsSpan(0, _idOffset), offset, destination);
        var idLine = IdLine();
        var idEnd = _idOffset + idLine.Length;
        if (offset + copied >= _idOffset && offset + copied < idEnd)
            copied += CopyPart(idLine, offset + copied - _idOffset, destination.Slice(copied));
        if (offset + copied >= idEnd)
            copied += CopyPart(_utf8, offset + copied - idLine.Length, destination.Slice(copied));
        return copied;
    }

    /// <summary>Makes the item form without keeping it. Only for events.</summary>
    internal SseItem<string> Parse()
    {
        using var stream = new MemoryStream(ToArray());
        foreach (var item in SseParser.Create(stream).Enumerate())
            return item;
        throw new InvalidOperationException("The formatted event could not be parsed.");
    }

    private static int CopyPart(ReadOnlySpan<byte> part, int offset, Span<byte> destination)
    {
        var length = Math.Min(part.Length - offset, destination.Length);
        part.Slice(offset, length).CopyTo(destination);
        return length;
    }

    private byte[] IdLine() =>
        Volatile.Read(ref _idLine) ?? (_idLine = WireFormat.Id(OwnId ?? ((EventIds)_id!).Format(_position)));

    private byte[] ToArray()
    {
        if (_length == _utf8.Length)
            return _utf8;
        var bytes = new byte[_length];
        CopyTo(bytes, 0);
        return bytes;
    }
}
