namespace ServerSentEvents.Tests.Model;

/// <summary>Ids are opaque: which event one stands for is known from the events that it has been read with.</summary>
internal sealed class EventIds
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>An id of the application's own, which is its own name.</summary>
    internal string Own(int number)
    {
        var id = Answers.OwnId(number);
        _names.TryAdd(id, id);
        return id;
    }

    /// <summary>Says which event's id that is, and says it differently where two ids stand for one event, or two events have one.</summary>
    internal string NameOf(string id, string data)
    {
        if (_names.TryGetValue(id, out var name))
            return name;
        name = data.Length == 0 ? $"{id}, which nobody has read" : $"#{Answers.NumberIn(data)}";
        if (_names.ContainsValue(name))
            name += " by another id";
        _names.Add(id, name);
        return name;
    }
}
