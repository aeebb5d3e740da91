namespace ServerSentEvents.Tests.Model;

/// <summary>Maps event ids to names of events. Ids are opaque, so the mapping is filled from the events that are read.</summary>
internal sealed class EventIds
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>Returns an id that the application sets. Such an id is its own name.</summary>
    internal string Own(int number)
    {
        var id = Results.OwnId(number);
        _names.TryAdd(id, id);
        return id;
    }

    /// <summary>
    /// Returns the name of the event that has an id. The name differs from the model's name if two ids belong to one event,
    /// or if two events have one id.
    /// </summary>
    internal string NameOf(string id, string data, string position)
    {
        if (_names.TryGetValue(id, out var name))
            return name;
        name = data == "initial" ? position
            : data.Length == 0 ? $"{id} (never read)" : $"#{Results.NumberIn(data)}";
        if (_names.ContainsValue(name))
            name += " by another id";
        _names.Add(id, name);
        return name;
    }
}
