namespace ServerSentEvents.Tests.Model;

/// <summary>
/// One call. Subscribers are numbered from 0, and a number that is too high wraps around. So an operation stays valid
/// when FsCheck removes other operations from the sequence.
/// </summary>
internal abstract record Operation
{
    internal abstract string ApplyTo(ISubject subject);

    protected static string List(string[] channels) => $"[{string.Join(", ", channels)}]";
}

internal sealed record Subscribe(
    string[] Channels, int InitialData, int Capacity, QueueOverflow Overflow, LastEvent? LastEvent) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Subscribe(this);

    public override string ToString() =>
        $"subscribe to {List(Channels)}, {InitialData} initial, capacity {Capacity} {Overflow}"
        + (LastEvent is null ? "" : $", {LastEvent}");
}

internal sealed record Publish(string[] Channels, Kind Kind) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Publish(this);

    public override string ToString() => $"publish {Kind} to {List(Channels)}";
}

internal sealed record Read(int Subscriber, int Count) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Read(this);

    public override string ToString() => $"subscriber {Subscriber} reads {Count}";
}

internal sealed record Leave(int Subscriber, Way Way) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Leave(this);

    public override string ToString() => $"subscriber {Subscriber} ends by {Way}";
}

internal sealed record Unsubscribe(string[] Channels, bool OnlyOdd) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Unsubscribe(this);

    public override string ToString() => $"unsubscribe {(OnlyOdd ? "odd" : "all")} from {List(Channels)}";
}

internal sealed record JoinChannels(int Subscriber, string[] Channels) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.JoinChannels(this);

    public override string ToString() => $"subscriber {Subscriber} joins {List(Channels)}";
}

internal sealed record LeaveChannels(int Subscriber, string[] Channels) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.LeaveChannels(this);

    public override string ToString() => $"subscriber {Subscriber} leaves {List(Channels)}";
}

internal sealed record Disconnect(int Remainder) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Disconnect(this);

    /// <summary>Returns whether a subscriber is disconnected: one of three.</summary>
    internal bool Matches(int subscriber) => subscriber % 3 == Remainder;

    public override string ToString() => $"disconnect each third subscriber, from {Remainder}";
}

internal sealed record ClosePublisher : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Close();

    public override string ToString() => "close the publisher";
}

/// <summary>
/// The last event id of a new subscription: the id that a subscriber read <paramref name="Ago"/> events before its last
/// one, or a made-up id that no subscriber has read.
/// </summary>
internal sealed record LastEvent(int Subscriber, int Ago, string? MadeUp = null)
{
    public override string ToString() =>
        MadeUp is null ? $"resuming {Ago} before the last of subscriber {Subscriber}" : $"resuming from the made-up '{MadeUp}'";
}

/// <summary>The kind of a message. Personalized events are for all subscribers, or only for those with odd numbers.</summary>
internal enum Kind { Shared, OwnId, Personalized, PersonalizedForOdd, Comment }

internal enum Way { Close, Dispose, StopReading, Cancel }
