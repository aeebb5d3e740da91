using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents.Internal.Channels;

/// <summary>Values by channel name. The table also shrinks when values are removed.</summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed class NameTable<TValue>
    where TValue : class
{
    /// <summary>The size up to which a table is not made smaller.</summary>
    private const int SmallEnough = 64;

    private Dictionary<string, TValue> _values = new(StringComparer.Ordinal);

    /// <summary>The largest number of values that <see cref="_values"/> has held since it was created.</summary>
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

        // A dictionary never shrinks by itself.
        _values = new(_values, StringComparer.Ordinal);
        _peak = _values.Count;
    }
}
