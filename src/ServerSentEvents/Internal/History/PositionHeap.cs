using ServerSentEvents.Internal.Channels;

namespace ServerSentEvents.Internal.History;

/// <summary>Values by position, as a heap: the first one has the lowest position.</summary>
/// <remarks>Not safe for use by several threads: the caller holds a lock.</remarks>
internal sealed class PositionHeap<T>
{
    private readonly List<(long Position, T Value)> _values;

    /// <summary>Creates a heap of values that are sorted by position, or that have the order of another heap.</summary>
    internal PositionHeap(IEnumerable<(long Position, T Value)> sorted) => _values = [.. sorted];

    internal int Count => _values.Count;

    /// <summary>The value with the lowest position.</summary>
    internal (long Position, T Value) First => _values[0];

    internal PositionHeap<T> Clone() => new(_values);

    /// <summary>Adds a value whose position is the highest.</summary>
    internal void AddLast(long position, T value) => _values.Add((position, value));

    /// <summary>Replaces the first value. The position cannot be lower than before.</summary>
    internal void ReplaceFirst(long position, T value) => SiftDown((position, value));

    internal void RemoveFirst()
    {
        var last = _values[^1];
        _values.RemoveLast();
        if (_values.Count > 0)
            SiftDown(last);
    }

    /// <summary>Puts a value into the first place or below, where no value before it has a higher position.</summary>
    private void SiftDown((long Position, T Value) value)
    {
        var place = 0;
        while (true)
        {
            var child = (2 * place) + 1;
            if (child + 1 < _values.Count && _values[child + 1].Position < _values[child].Position)
                child++;
            if (child >= _values.Count || value.Position <= _values[child].Position)
            {
                _values[place] = value;
                return;
            }

            _values[place] = _values[child];
            place = child;
        }
    }
}
