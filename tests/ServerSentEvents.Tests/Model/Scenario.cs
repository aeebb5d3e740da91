using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests.Model;

/// <summary>A publisher's settings and what is done to it.</summary>
internal sealed record Scenario(int HistoryCapacity, Operation[] Operations)
{
    private static readonly string[] MadeUpIds = ["", "0", "-1", "own", "0123456789abcdef-1"];

    internal static Arbitrary<Scenario> Any { get; } = Arb.From(Scenarios(), scenario => scenario.Smaller());

    public override string ToString() =>
        $"history of {HistoryCapacity}\n{string.Join("\n", Operations.Select(operation => $"  {operation}"))}\n";

    private static Gen<Scenario> Scenarios() =>
        from historyCapacity in Gen.Elements(0, 2, 5)
        from length in Gen.Choose(1, 40)
        from operations in AnyOperation().ArrayOf(length)
        select new Scenario(historyCapacity, operations);

    /// <summary>Fewer of the operations: long runs are tried first, so that much is gone soon.</summary>
    private IEnumerable<Scenario> Smaller()
    {
        for (var run = (Operations.Length + 1) / 2; run > 0; run /= 2)
        {
            for (var start = 0; start + run <= Operations.Length; start += run)
                yield return this with { Operations = [.. Operations[..start], .. Operations[(start + run)..]] };
        }
    }

    private static Gen<Operation> AnyOperation() => Gen.Frequency(
        (3, Subscribing()),
        (1, Resuming()),
        (8, Publishing()),
        (5, Reading()),
        (1, Leaving()),
        (1, Unsubscribing()),
        (1, Gen.Frequency((1, Gen.Constant<Operation>(new ClosePublisher())), (4, Resuming()))));

    /// <summary>One or two of three; one that comes twice among them.</summary>
    private static Gen<string[]> Names() =>
        from count in Gen.Choose(1, 2)
        from names in Gen.Elements(Answers.Channels).ArrayOf(count)
        select names;

    /// <summary>Low numbers, so that operations meet.</summary>
    private static Gen<int> Readers() => Gen.Choose(0, 5);

    private static Gen<Operation> Subscribing() => Subscribing(Gen.Constant<LastEvent?>(null));

    private static Gen<Operation> Resuming() => Subscribing(Gen.Frequency(
        (6, Readers().Select(reader => (LastEvent?)new LastEvent(reader, 0))),
        (3, from reader in Readers() from ago in Gen.Choose(1, 4) select (LastEvent?)new LastEvent(reader, ago)),
        (1, Gen.Elements(MadeUpIds).Select(id => (LastEvent?)new LastEvent(0, 0, id)))));

    private static Gen<Operation> Subscribing(Gen<LastEvent?> lastEvents) =>
        from channels in Names()
        from initialData in Gen.Choose(0, 2)
        from capacity in Gen.Elements(1, 2, 3, 10)
        from overflow in Gen.Elements(QueueOverflow.Disconnect, QueueOverflow.DropOldest, QueueOverflow.DropNewest)
        from lastEvent in lastEvents
        select (Operation)new Subscribe(channels, initialData, capacity, overflow, lastEvent);

    private static Gen<Operation> Publishing() =>
        from channels in Names()
        from kind in Gen.Elements(Kind.Shared, Kind.Shared, Kind.OwnId, Kind.Personal, Kind.PersonalToOdd, Kind.Comment)
        select (Operation)new Publish(channels, kind);

    private static Gen<Operation> Reading() =>
        from reader in Readers()
        from count in Gen.Choose(1, 5)
        select (Operation)new Read(reader, count);

    private static Gen<Operation> Leaving() =>
        from reader in Readers()
        from way in Gen.Elements(Way.Close, Way.Dispose, Way.StopReading, Way.Cancel)
        select (Operation)new Leave(reader, way);

    private static Gen<Operation> Unsubscribing() =>
        from channels in Names()
        from onlyOdd in Gen.Elements(true, false)
        select (Operation)new Unsubscribe(channels, onlyOdd);
}
