namespace ServerSentEvents.Tests.Model;

/// <summary>What was published, comments too, numbered from 0.</summary>
internal sealed record ModelEvent(int Number, Kind Kind, string[] Channels, bool WithHistory)
{
    /// <summary>Ids that the publisher gives are opaque: the model calls them by the event's number.</summary>
    internal string? Id => Kind switch
    {
        Kind.OwnId => Answers.OwnId(Number),
        Kind.Comment => null,
        _ => WithHistory ? $"#{Number}" : null,
    };

    /// <summary>What that subscriber is to get; null for nothing.</summary>
    internal ModelItem? For(int subscriber) => Kind switch
    {
        Kind.Comment => new ModelItem(Answers.Comment(Number), Id: null),
        Kind.Personal or Kind.PersonalToOdd => Answers.Personal(Kind, Number, subscriber) is { } own ? new ModelItem(own, Id) : null,
        _ => new ModelItem(Answers.Data(Number), Id),
    };
}

/// <summary>What is read at once: a text, with an id or without, or an id alone.</summary>
internal sealed record ModelItem(string Text, string? Id);
