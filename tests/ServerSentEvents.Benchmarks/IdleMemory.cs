using System.Globalization;
using System.Threading.Channels;

namespace ServerSentEvents.Benchmarks;

/// <summary>Measures the memory of an idle subscription.</summary>
internal static class IdleMemory
{
    private const int Subscriptions = 100_000;

    internal static void Run()
    {
        Console.WriteLine();
        Console.WriteLine($"| Bytes for each of {Subscriptions.ToString("N0", CultureInfo.InvariantCulture)}, idle | |");
        Console.WriteLine("|---|---:|");
        Print("a bounded channel alone", static () => Channel.CreateBounded<string>(1024));

        using var publisher = new Publisher();
        Print("a subscription", () => publisher.Subscribe());
        publisher.Close();
        Print("a subscription, and its reader that waits", () =>
        {
            var reader = publisher.Subscribe().GetAsyncEnumerator();
            return (reader, reader.MoveNextAsync().AsTask());
        });
    }

    private static void Print(string what, Func<object> make)
    {
        var kept = new object[Subscriptions];
        make();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < kept.Length; i++)
            kept[i] = make();
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Subscriptions;
        GC.KeepAlive(kept);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {bytes:N0} |"));
    }
}
