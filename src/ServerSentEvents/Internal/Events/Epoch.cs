using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.Internal.Events;

/// <summary>
/// The ids of one publisher's life, or of one backplane's stream: a name that no other has, and a position. By the name an
/// id from before a restart is recognised, whose position would mean another event now.
/// </summary>
internal sealed class Epoch
{
    /// <summary>Sixteen of the hexadecimal digits of a random number.</summary>
    private const int NameLength = 16;

    /// <summary>More than a publisher gets to, and few enough that any number of them fits a position.</summary>
    private const int MaxDigits = 18;

    private readonly string _prefix;

    internal Epoch()
        : this(Guid.NewGuid().ToString("N").Remove(NameLength))
    {
    }

    /// <param name="name">Sixteen characters, hexadecimal digits.</param>
    internal Epoch(string name)
    {
        Debug.Assert(name.Length == NameLength, "All names are of one length.");
        _prefix = name + "-";
    }

    internal string Id(long position) => _prefix + position.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads an id of this epoch, in the one form in which <see cref="Id"/> writes it. The id comes from a client: whatever
    /// its length, no more is looked at than an id can have.
    /// </summary>
    internal bool TryRead(string id, out long position)
    {
        position = 0;
        var start = NameLength + 1;
        if (id.Length <= start || id.Length > start + MaxDigits || !id.StartsWith(_prefix, StringComparison.Ordinal))
            return false;

        for (var i = start; i < id.Length; i++)
        {
            if (id[i] is < '0' or > '9')
                return false;
            position = (position * 10) + (id[i] - '0');
        }

        return id[start] != '0' || id.Length == start + 1;
    }
}
