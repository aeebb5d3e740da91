using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents.Internal.Channels;

/// <summary>Values by channel name, in memory that follows their number also when it falls.</summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed class NameTable<TValue>
    where TValue : class
{
    /// <summary>A table that never held more than this is not made smaller.</summary>
    private const int SmallEnough = 64;

    private Dictionary<string, TValue> _values = new(StringComparer.Ordinal);

    /// <summary>The most values that <see cref="_values"/> has held since it was made.</summary>
    private int _peak;

    internal bool TryGet(string name, [NotNullWhen(true)] out TValue? value) => _values.TryGetValue(name, out value);

    internal void Add(string name, TValue value)
    {
        _values.Add(name, value);
        _peak = Math.Max(_peak, _values.Count);
    }

    internal void Remove(string name)
    {
        _values.Remove(name);
        if (_peak <= SmallEnough || _values.Count > _peak / 4)
            return;

        // A dictionary keeps its largest size.
        _values = new(_values, StringComparer.Ordinal);
        _peak = _values.Count;
    }

    internal void Clear()
    {
        _values = new(StringComparer.Ordinal);
        _peak = 0;
    }

    internal TValue[] ToArray() => [.. _values.Values];
}
