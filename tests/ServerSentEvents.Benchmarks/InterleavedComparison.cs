using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Compares a shared publish with the bare loop, in rounds that alternate within one process, so that other work of the machine
/// disturbs both sides alike.
/// </summary>
internal static class InterleavedComparison
{
    private const int Rounds = 61;
    private const int WarmUpRounds = 10;
    private const int Deliveries = 200_000;
    private const int QueueCapacity = 1024;

    /// <summary>Larger than the processor's caches.</summary>
    private static readonly byte[] Other = new byte[128 << 20];

    internal static void Run()
    {
        Console.WriteLine();
        Console.WriteLine("| Subscribers | bare loop, ns a delivery | shared publish | ratio | quartiles |");
        Console.WriteLine("|---:|---:|---:|---:|---:|");
        foreach (var subscribers in (int[])[100, 10_000, 100_000])
            Compare(subscribers);
    }

    private static void Compare(int subscribers)
    {
        var bareLoop = new BareLoop(subscribers, QueueCapacity);
        using var audience = new Audience(subscribers, QueueCapacity);
        var publishes = Math.Min(Deliveries / subscribers, QueueCapacity);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        var bare = new double[Rounds];
        var shared = new double[Rounds];
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            // The two sides take turns in going first.
            double bareTime = 0, sharedTime = 0;
            if (round % 2 == 0)
                bareTime = Time(bareLoop.Publish, bareLoop.Drain, publishes);
            sharedTime = Time(data => audience.Publisher.Publish(data), audience.Drain, publishes);
            if (round % 2 != 0)
                bareTime = Time(bareLoop.Publish, bareLoop.Drain, publishes);
            if (round < 0)
                continue;
            bare[round] = bareTime / subscribers;
            shared[round] = sharedTime / subscribers;
        }

        var ratios = bare.Zip(shared, static (one, other) => other / one).Order().ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {subscribers:N0} | {Median(bare):F1} | {Median(shared):F1} | {Median(ratios):F2} | {ratios[Rounds / 4]:F2} to {ratios[Rounds * 3 / 4]:F2} |"));
    }

    /// <summary>Nanoseconds for each publish.</summary>
    private static double Time(Func<string, int> publish, Action drain, int publishes)
    {
        // Replace the contents of the caches, because the drain of the queues has left them there.
        Other.AsSpan().Fill((byte)publishes);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < publishes; i++)
            publish("an event");
        var elapsed = Stopwatch.GetElapsedTime(start);
        drain();
        return elapsed.TotalNanoseconds / publishes;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
