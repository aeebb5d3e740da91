namespace ServerSentEvents.Tests.Model;

/// <summary>A published event or comment. Numbers start at 0.</summary>
internal sealed record ModelEvent(int Number, Kind Kind, string[] Channels, bool WithHistory)
{
    private const int GeneratedIdLength = 23;

    /// <summary>The id of the event. Ids that the publisher assigns are opaque, so the model uses the event's number.</summary>
    internal string? Id => Kind switch
    {
        Kind.OwnId => Results.OwnId(Number),
        Kind.Comment => null,
        _ => WithHistory ? $"#{Number}" : null,
    };

    /// <summary>The size of the framed event with its id in the history. The history keeps no bytes of a personalized event.</summary>
    internal int Bytes => Kind switch
    {
        Kind.Shared => $"data: {Results.Data(Number)}\nid: {new string('x', GeneratedIdLength)}\n\n".Length,
        Kind.OwnId => $"data: {Results.Data(Number)}\nid: {Id}\n\n".Length,
        _ => 0,
    };

    /// <summary>Returns the item that a subscriber should get, or null if it gets none.</summary>
    internal ModelItem? For(int subscriber) => Kind switch
    {
        Kind.Comment => new ModelItem(Results.Comment(Number), Id: null),
        Kind.Personalized or Kind.PersonalizedForOdd =>
            Results.PersonalizedData(Kind, Number, subscriber) is { } data ? new ModelItem(data, Id) : null,
        _ => new ModelItem(Results.Data(Number), Id),
    };
}

/// <summary>An item that a subscriber reads: a text with or without an id, or only an id.</summary>
internal sealed record ModelItem(string Text, string? Id)
{
    /// <summary>The place of a replayed personalized event for a subscriber that gets none.</summary>
    internal static ModelItem Nothing { get; } = new("", Id: null);

    internal bool IsNothing => Text.Length == 0 && Id is null;

    /// <summary>Returns whether the history has evicted a replayed event in the meantime.</summary>
    internal Func<bool> IsLost { get; init; } = static () => false;
}
