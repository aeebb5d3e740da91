using System.Collections;
using System.Runtime.CompilerServices;

namespace ServerSentEvents;

/// <summary>The channels of a call: one name, or a list of names.</summary>
/// <remarks>
/// <para>The default value is the one channel <see cref="Publisher{TProperties}.DefaultChannel"/>. A string, an array, a
/// list and a collection expression convert implicitly.</para>
/// <para>Names are any non-empty texts, and are compared ordinally. There are no patterns and no separators. A repeated
/// name counts once. An empty list contains no channel: publishing to it reaches no subscriber, and subscribing to it is
/// refused.</para>
/// <para>Immutable, and safe to use from any thread. The names are copied.</para>
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
///
/// using var publisher = new Publisher();
/// publisher.Publish("hello");                       // the default channel
/// publisher.Publish("hello", "chat");
/// publisher.Publish("hello", ["chat", "global"]);   // a subscriber of both gets one event
/// </code>
/// </example>
[CollectionBuilder(typeof(ChannelNames), nameof(Create))]
public readonly struct ChannelNames : IReadOnlyList<string>
{
    /// <summary>The only name. If it and <see cref="_names"/> are null, the only name is the default channel.</summary>
    private readonly string? _name;

    /// <summary>The names of a list, or null for a single name.</summary>
    private readonly string[]? _names;

    private ChannelNames(string name) => _name = name;

    private ChannelNames(string[] names) => _names = names;

    /// <summary>Gets the number of names, 0 or more. Repeated names count each time.</summary>
    public int Count => _names is { } names ? names.Length : 1;

    /// <summary>Gets the name at an index, in the order in which the names were given.</summary>
    /// <param name="index">The index, from 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    public string this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(index), index, "There is no name at this position.");
            return _names is { } names ? names[index] : _name ?? Publisher.DefaultChannel;
        }
    }

    /// <summary>Converts one name.</summary>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public static implicit operator ChannelNames(string channels) => new(Checked(channels, nameof(channels)));

    /// <summary>Converts and copies an array of names.</summary>
    /// <exception cref="ArgumentException">The array is null, or a name is null or empty.</exception>
    public static implicit operator ChannelNames(string[] channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        return new ChannelNames(Checked((string[])channels.Clone(), nameof(channels)));
    }

    /// <summary>Converts and copies a list of names.</summary>
    /// <exception cref="ArgumentException">The list is null, or a name is null or empty.</exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var rooms = new List&lt;string&gt; { "room 1", "room 2" };
    /// publisher.Publish("hello", rooms);
    /// </code>
    /// </example>
    public static implicit operator ChannelNames(List<string> channels)
    {
        ArgumentNullException.ThrowIfNull(channels);
        return new ChannelNames(Checked(channels.ToArray(), nameof(channels)));
    }

    /// <summary>Creates an instance from a list of names. Collection expressions call this method.</summary>
    /// <param name="channels">The names. They are copied.</param>
    /// <exception cref="ArgumentException">A name is null or empty.</exception>
    public static ChannelNames Create(ReadOnlySpan<string> channels) =>
        new(Checked(channels.ToArray(), nameof(channels)));

    /// <summary>Enumerates the names in the order in which they were given.</summary>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Returns the names, separated by commas.</summary>
    public override string ToString() => string.Join(", ", (IEnumerable<string>)this);

    private static string[] Checked(string[] names, string paramName)
    {
        foreach (var name in names)
            Checked(name, paramName);
        return names;
    }

    private static string Checked(string? name, string paramName) => name switch
    {
        null => throw new ArgumentNullException(paramName, "A channel's name cannot be null."),
        "" => throw new ArgumentException("A channel's name cannot be empty.", paramName),
        _ => name,
    };
}
