using System.Globalization;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Internal.Messages;

/// <summary>
/// The generated ids of a stream, the same on every node: a position, <c>~</c>, and the check of the message at that position
/// in eight hexadecimal digits. The check tells the stream from one that was deleted, restored or shortened.
/// </summary>
/// <remarks>
/// Safe for use by several threads. The checks of the latest messages are kept, 12 bytes for each, so that any position can be
/// verified. Older positions are unknown.
/// </remarks>
internal sealed class StreamEventIds(int capacity = StreamEventIds.DefaultCapacity) : EventIds
{
    private const int DefaultCapacity = 1 << 20;
    private const int CheckDigits = 8;
    private const char Separator = '~';

    private readonly Lock _gate = new();

    /// <summary>The offsets of the latest messages. The list is a ring when it is full. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<long> _offsets = [];

    /// <summary>The checks of these messages. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<uint> _checks = [];

    /// <summary>The index of the oldest message. Guarded by <see cref="_gate"/>.</summary>
    private int _first;

    /// <summary>Adds the next message of the stream.</summary>
    internal void Add(long offset, uint check)
    {
        lock (_gate)
        {
            if (_offsets.Count < capacity)
            {
                _offsets.Add(offset);
                _checks.Add(check);
            }
            else
            {
                (_offsets[_first], _checks[_first]) = (offset, check);
                _first = (_first + 1) % capacity;
            }
        }
    }

    internal override string Format(EventPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.Value}{Separator}{position.Check:x8}");

    internal override int LengthOf(EventPosition position)
    {
        var length = 1 + 1 + CheckDigits;
        for (var value = position.Value; value >= 10; value /= 10)
            length++;
        return length;
    }

    internal override bool TryParse(string id, out EventPosition position)
    {
        position = default;
        var digits = id.Length - 1 - CheckDigits;
        if (digits < 1 || id[digits] != Separator)
            return false;
        _ = long.TryParse(id.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        _ = uint.TryParse(id.AsSpan(digits + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var check);
        position = new(value, check);
        // Several texts can be read as one position, and a text without a number reads as 0. Only one of them is an id.
        return string.Equals(Format(position), id, StringComparison.Ordinal);
    }

    internal override bool IsKnownOrAhead(EventPosition position)
    {
        var offset = StreamPosition.OffsetOf(position.Value);
        lock (_gate)
        {
            var count = _offsets.Count;
            if (count == 0 || offset > _offsets[(_first + count - 1) % count])
                return true;

            // The offsets rise from the oldest to the end of the list, and from its start to the newest.
            var index = _offsets.BinarySearch(_first, count - _first, offset, comparer: null);
            if (index < 0)
                index = _offsets.BinarySearch(0, _first, offset, comparer: null);
            return index >= 0 && _checks[index] == position.Check;
        }
    }
}
