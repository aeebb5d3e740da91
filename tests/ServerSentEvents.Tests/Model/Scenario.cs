using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests.Model;

/// <summary>The settings of a publisher, and a sequence of operations.</summary>
internal sealed record Scenario(int HistoryCapacity, long HistoryCapacityBytes, Operation[] Operations)
{
    private static readonly string[] MadeUpIds = ["", "0", "-1", "own", "0123456789abcdef-1"];

    internal static Arbitrary<Scenario> Any { get; } = Arb.From(Scenarios(), scenario => scenario.Smaller());

    public override string ToString() =>
        $"history of {HistoryCapacity} events and {HistoryCapacityBytes} bytes\n{string.Join("\n", Operations.Select(operation => $"  {operation}"))}\n";

    private static Gen<Scenario> Scenarios() =>
        from historyCapacity in Gen.Elements(0, 2, 5)
        from historyCapacityBytes in Gen.Elements(long.MaxValue, 250, 120, 30)
        from length in Gen.Choose(1, 40)
        from operations in AnyOperation().ArrayOf(length)
        select new Scenario(historyCapacity, historyCapacityBytes, operations);

    /// <summary>
    /// Returns scenarios with fewer operations, so that FsCheck can shrink a failure. Tries the shortest first.
    /// </summary>
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
        (2, Joining()),
        (2, LeavingChannels()),
        (1, Gen.Frequency((1, Gen.Constant<Operation>(new ClosePublisher())), (2, Disconnecting()), (4, Resuming()))));

    /// <summary>Generates one or two of the three channel names. Both may be the same.</summary>
    private static Gen<string[]> Names() =>
        from count in Gen.Choose(1, 2)
        from names in Gen.Elements(Results.Channels).ArrayOf(count)
        select names;

    /// <summary>Generates low numbers, so that operations often use the same subscriber.</summary>
    private static Gen<int> Subscribers() => Gen.Choose(0, 5);

    private static Gen<Operation> Subscribing() => Subscribing(Gen.Constant<LastEvent?>(null));

    private static Gen<Operation> Resuming() => Subscribing(Gen.Frequency(
        (6, Subscribers().Select(subscriber => (LastEvent?)new LastEvent(subscriber, 0))),
        (3, from subscriber in Subscribers() from ago in Gen.Choose(1, 4) select (LastEvent?)new LastEvent(subscriber, ago)),
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
        from kind in Gen.Elements(Kind.Shared, Kind.Shared, Kind.OwnId, Kind.Personalized, Kind.PersonalizedForOdd, Kind.Comment)
        select (Operation)new Publish(channels, kind);

    private static Gen<Operation> Reading() =>
        from subscriber in Subscribers()
        from count in Gen.Choose(1, 5)
        select (Operation)new Read(subscriber, count);

    private static Gen<Operation> Leaving() =>
        from subscriber in Subscribers()
        from way in Gen.Elements(Way.Close, Way.Dispose, Way.StopReading, Way.Cancel)
        select (Operation)new Leave(subscriber, way);

    private static Gen<Operation> Joining() =>
        from subscriber in Subscribers()
        from channels in Names()
        select (Operation)new JoinChannels(subscriber, channels);

    private static Gen<Operation> LeavingChannels() =>
        from subscriber in Subscribers()
        from channels in Names()
        select (Operation)new LeaveChannels(subscriber, channels);

    private static Gen<Operation> Disconnecting() =>
        Gen.Choose(0, 2).Select(remainder => (Operation)new Disconnect(remainder));

    private static Gen<Operation> Unsubscribing() =>
        from channels in Names()
        from onlyOdd in Gen.Elements(true, false)
        select (Operation)new Unsubscribe(channels, onlyOdd);
}
