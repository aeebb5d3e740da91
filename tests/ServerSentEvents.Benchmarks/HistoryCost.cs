using System.Globalization;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Measures the processor time of a publish into a history, without subscribers. Run it for two builds in turns to compare them.
/// </summary>
internal static class HistoryCost
{
    private const int Rounds = 15;
    private const int WarmUpRounds = 3;
    private const int Publishes = 100_000;

    internal static void Run()
    {
        Console.WriteLine("| History | median ns a publish | fastest |");
        Console.WriteLine("|---|---:|---:|");
        Print("1 channel, filling", channels: 1, namesEach: 1, capacity: int.MaxValue);
        Print("1 channel, full", channels: 1, namesEach: 1, capacity: 1_000);
        Print("1,000 channels, full", channels: 1_000, namesEach: 1, capacity: 20);
        Print("50,000 channels, full", channels: 50_000, namesEach: 1, capacity: 2);
        Print("1,000 channels, 3 for each event, full", channels: 1_000, namesEach: 3, capacity: 20);
    }

    private static void Print(string what, int channels, int namesEach, int capacity)
    {
        var names = Enumerable.Range(0, channels)
            .Select(i => (ChannelNames)Enumerable.Range(i, namesEach).Select(name => $"channel {name % channels}").ToArray())
            .ToArray();
        var times = new double[Rounds];
        var publisher = NewPublisher(capacity);
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            // A history that fills up starts again, so that the memory has a bound.
            if (capacity == int.MaxValue)
                publisher = NewPublisher(capacity);
            GC.Collect();
            var start = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Publishes; i++)
                publisher.Publish("an event", names[i % channels]);
            if (round >= 0)
                times[round] = (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / Publishes;
        }

        var ordered = times.Order().ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {what} | {ordered[Rounds / 2]:F0} | {ordered[0]:F0} |"));
    }

    private static Publisher NewPublisher(int capacity) =>
        new(new PublisherOptions { HistoryCapacity = capacity, HistoryMaxAge = null });
}
