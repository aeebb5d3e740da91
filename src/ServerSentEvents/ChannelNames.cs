using System.Collections;
using System.Runtime.CompilerServices;

namespace ServerSentEvents;

/// <summary>
/// The channels that a call is about: one name, or a list of names. The default value stands for the one channel named
/// <see cref="Publisher{TProperties}.DefaultChannel"/>.
/// </summary>
/// <remarks>
/// <para>Channel names are compared ordinally, character by character, and can be any non-empty text: there are no
/// patterns and no separators. A name that is given twice counts once. An empty list is no channel at all: publishing to
/// it reaches nobody, and subscribing to it is refused.</para>
/// <para>Immutable and safe to use from any thread; the names are copied from the array.</para>
/// </remarks>
/// <example>
/// <code>
/// publisher.Publish("hello", "chat");
/// publisher.Publish("hello", ["chat", "global"]);
/// </code>
/// </example>
[CollectionBuilder(typeof(ChannelNames), nameof(Create))]
public readonly struct ChannelNames : IReadOnlyList<string>
{
    /// <summary>The only name, where there is one; with no <see cref="_names"/> either, it is the default channel's.</summary>
    private readonly string? _name;

    /// <summary>The names, where they came as a list.</summary>
    private readonly string[]? _names;

    private ChannelNames(string name) => _name = name;

    private ChannelNames(string[] names) => _names = names;

    /// <summary>How many names there are, 0 or more, with repetitions.</summary>
    public int Count => _names is { } names ? names.Length : 1;

    /// <summary>The name at a position from 0 to <see cref="Count"/> - 1, in the order in which they were given.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such position.</exception>
    public string this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(index), index, "There is no name at this position.");
            return _names is { } names ? names[index] : _name ?? Publisher.DefaultChannel;
        }
    }

    /// <summary>Names one channel.</summary>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public static implicit operator ChannelNames(string channels) => new(Checked(channels, nameof(channels)));

    /// <summary>Names a list of channels.</summary>
    /// <exception cref="ArgumentException">The array is null, or a name in it is null or empty.</exception>
    public static implicit operator ChannelNames(string[] channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        return Create(channels.AsSpan());
    }

    /// <summary>Names a list of channels; what a collection expression calls.</summary>
    /// <exception cref="ArgumentException">A name is null or empty.</exception>
    public static ChannelNames Create(ReadOnlySpan<string> channels)
    {
        var names = channels.ToArray();
        foreach (var name in names)
            Checked(name, nameof(channels));
        return new ChannelNames(names);
    }

    /// <summary>Enumerates the names in the order in which they were given.</summary>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The names, with a comma between them.</summary>
    public override string ToString() => string.Join(", ", (IEnumerable<string>)this);

    private static string Checked(string? name, string paramName) => name switch
    {
        null => throw new ArgumentNullException(paramName, "A channel's name cannot be null."),
        "" => throw new ArgumentException("A channel's name cannot be empty.", paramName),
        _ => name,
    };
}
