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
    private const int SmallestCapacity = 256;
    private const int CheckDigits = 8;
    private const int MaxDigits = 19;
    private const char Separator = '~';

    private readonly Lock _gate = new();

    /// <summary>The offsets of the latest messages, as a ring. Guarded by <see cref="_gate"/>.</summary>
    private long[] _offsets = new long[SmallestCapacity];

    /// <summary>The checks of these messages. Guarded by <see cref="_gate"/>.</summary>
    private uint[] _checks = new uint[SmallestCapacity];

    /// <summary>The index of the oldest message. Guarded by <see cref="_gate"/>.</summary>
    private int _first;

    /// <summary>The number of messages. Guarded by <see cref="_gate"/>.</summary>
    private int _count;

    /// <summary>Adds the next message of the stream.</summary>
    internal void Add(long offset, uint check)
    {
        lock (_gate)
        {
            if (_count == _offsets.Length)
            {
                if (_count < capacity)
                    Grow_NeedsLock();
                else
                    (_first, _count) = ((_first + 1) % _offsets.Length, _count - 1);
            }

            var index = (_first + _count++) % _offsets.Length;
            (_offsets[index], _checks[index]) = (offset, check);
        }
    }

    /// <summary>Forgets all messages, because another stream begins.</summary>
    internal void Clear()
    {
        lock (_gate)
            (_first, _count) = (0, 0);
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
        if (digits is < 1 or > MaxDigits || id[digits] != Separator
            || !long.TryParse(id.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            || !uint.TryParse(id.AsSpan(digits + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var check))
        {
            return false;
        }

        position = new(value, check);
        // Several texts can be read as one position, but only one of them is an id.
        return string.Equals(Format(position), id, StringComparison.Ordinal);
    }

    internal override bool MayKnow(EventPosition position)
    {
        var offset = StreamPosition.OffsetOf(position.Value);
        lock (_gate)
        {
            if (_count == 0 || offset > OffsetAt_NeedsLock(_count - 1))
                return true;
            var (low, high) = (0, _count - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (OffsetAt_NeedsLock(middle) < offset)
                    low = middle + 1;
                else
                    high = middle;
            }

            return OffsetAt_NeedsLock(low) == offset && _checks[(_first + low) % _checks.Length] == position.Check;
        }
    }

    private long OffsetAt_NeedsLock(int index) => _offsets[(_first + index) % _offsets.Length];

    private void Grow_NeedsLock()
    {
        var length = Math.Min(capacity, _offsets.Length * 2);
        var (offsets, checks) = (new long[length], new uint[length]);
        for (var i = 0; i < _count; i++)
        {
            var index = (_first + i) % _offsets.Length;
            (offsets[i], checks[i]) = (_offsets[index], _checks[index]);
        }

        (_offsets, _checks, _first) = (offsets, checks, 0);
    }
}
