namespace ServerSentEvents.Tests.Model;

/// <summary>
/// One call. Subscribers are named by a number, the first is 0; where there are fewer it counts round, so that an operation
/// makes sense in every sequence that is left when others are taken away.
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
        $"subscribe to {List(Channels)}, {InitialData} initial, capacity {Capacity} {Overflow}{(LastEvent is null ? "" : $", {LastEvent}")}";
}

internal sealed record Publish(string[] Channels, Kind Kind) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Publish(this);

    public override string ToString() => $"publish {Kind} to {List(Channels)}";
}

internal sealed record Read(int Reader, int Count) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Read(this);

    public override string ToString() => $"subscriber {Reader} reads {Count}";
}

internal sealed record Leave(int Reader, Way Way) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Leave(this);

    public override string ToString() => $"subscriber {Reader} ends by {Way}";
}

internal sealed record Unsubscribe(string[] Channels, bool OnlyOdd) : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Unsubscribe(this);

    public override string ToString() => $"unsubscribe {(OnlyOdd ? "odd" : "all")} from {List(Channels)}";
}

internal sealed record ClosePublisher : Operation
{
    internal override string ApplyTo(ISubject subject) => subject.Close();

    public override string ToString() => "close the publisher";
}

/// <summary>An id that a subscriber has read: its last, or the one so many before. Nobody has read one that is made up.</summary>
internal sealed record LastEvent(int Reader, int Ago, string? MadeUp = null)
{
    public override string ToString() =>
        MadeUp is null ? $"resuming {Ago} before the last of subscriber {Reader}" : $"resuming from the made up '{MadeUp}'";
}

/// <summary>Personal events are made for all, or for odd subscribers only.</summary>
internal enum Kind { Shared, OwnId, Personal, PersonalToOdd, Comment }

internal enum Way { Close, Dispose, StopReading, Cancel }
