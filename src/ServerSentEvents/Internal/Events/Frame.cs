using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// What stands in the queues: one event, comment or bare field, checked when it is made, and shared by all of its
/// subscribers, so that each of its forms is made once, when the first subscriber asks for it.
/// </summary>
internal class Frame
{
    /// <summary>An event, or null for what has no place among items: the text is then given from the start.</summary>
    private readonly SseItem<string>? _item;

    /// <summary>The text form, once someone has asked for it.</summary>
    private string? _text;

    /// <summary>The bytes, once someone has asked for them.</summary>
    private byte[]? _utf8;

    /// <summary>The place that history has given it; null where it has an id of its own, or no history is kept.</summary>
    private Epoch? _epoch;
    private long _position;

    private Frame(SseItem<string> item) => _item = item;

    /// <summary>A frame that is no event.</summary>
    protected Frame(string text) => _text = text;

    /// <summary>A comment line with no blank line behind it, for a stream in which nothing has happened.</summary>
    internal static Frame Heartbeat { get; } = new(WireFormat.Heartbeat);

    /// <summary>The event, with the id that it has got; <see langword="null"/> for what has no place among items.</summary>
    internal SseItem<string>? Item => _item is { } item && _epoch is not null ? item.WithId(_epoch.Id(_position)) : _item;

    internal bool IsEvent => _item is not null;

    /// <summary>The id that the application gave; null for none.</summary>
    internal string? OwnId => _item?.EventId;

    /// <summary>The whole frame as it goes on the wire.</summary>
    internal string Text => Volatile.Read(ref _text) ?? FormatText();

    /// <summary>The same as UTF-8; it is well-formed, so that nothing in it is replaced.</summary>
    internal byte[] Utf8 => Volatile.Read(ref _utf8) ?? EncodeUtf8();

    /// <exception cref="ArgumentException">The item has no data, or a field of it could forge another.</exception>
    internal static Frame ForItem(in SseItem<string> item, string paramName)
    {
        EventValidator.ThrowIfUnfit(item, paramName);
        return new Frame(item);
    }

    internal static Frame ForComment(string comment) => new(WireFormat.Comment(comment));

    /// <summary>Tells a client where in the order of events it is, without being an event.</summary>
    internal static Frame ForPosition(string id) => new(WireFormat.Position(id));

    internal static Frame ForReconnectionInterval(TimeSpan interval) => new(WireFormat.ReconnectionInterval(interval));

    /// <summary>Every frame made from <paramref name="items"/>, or an exception before any of it has had an effect.</summary>
    /// <exception cref="ArgumentException">One of the items is not fit to be sent.</exception>
    internal static Frame[] ForItems(IEnumerable<SseItem<string>>? items, string paramName) =>
        items is null ? [] : [.. items.Select(item => ForItem(item, paramName))];

    /// <summary>
    /// Gives an event without an id of its own the id of its place. To be called before anybody else has the frame, or
    /// under the registry's lock, before it is in a queue.
    /// </summary>
    internal void PlaceAt(Epoch epoch, long position)
    {
        if (OwnId is not null)
            return;
        _position = position;
        _epoch = epoch;
    }

    /// <summary>What the reader is to get: this frame, unless it was left to be made later.</summary>
    internal virtual Frame? Resolve() => this;

    /// <summary>Under a lock of its own, so that two readers who ask at once do not both do the work.</summary>
    private string FormatText()
    {
        lock (this)
            return _text ??= NewText();
    }

    /// <summary>The text is kept for those who ask for text, and made in passing for those who do not.</summary>
    private byte[] EncodeUtf8()
    {
        lock (this)
            return _utf8 ??= Encoding.UTF8.GetBytes(_text ?? NewText());
    }

    private string NewText()
    {
        var item = _item.GetValueOrDefault();
        return WireFormat.Event(item, item.EventId ?? _epoch?.Id(_position));
    }
}
