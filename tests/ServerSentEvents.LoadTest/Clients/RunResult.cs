using System.Globalization;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>What one measurement gave.</summary>
/// <param name="Deliveries">Events times clients, each of them received and compared.</param>
/// <param name="Elapsed">From the first event's publishing to the last one's receipt by the last client.</param>
/// <param name="ProcessorTime">What the server took of the processor meanwhile, the kernel's work for it included.</param>
/// <param name="Median">Half of the deliveries took no longer, from publishing to receipt.</param>
/// <param name="Percentile99">Ninety-nine in a hundred took no longer.</param>
/// <param name="Max">None took longer.</param>
internal sealed record RunResult(
    long Deliveries, TimeSpan Elapsed, TimeSpan ProcessorTime, TimeSpan Median, TimeSpan Percentile99, TimeSpan Max)
{
    internal double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    internal double ProcessorMicroseconds => ProcessorTime.TotalMicroseconds / Deliveries;

    internal string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"ran {Deliveries} {Elapsed.Ticks} {ProcessorTime.Ticks} {Median.Ticks} {Percentile99.Ticks} {Max.Ticks}");

    internal static RunResult FromLine(string line)
    {
        var numbers = Array.ConvertAll(line.Split(' ')[1..], text => long.Parse(text, CultureInfo.InvariantCulture));
        return new RunResult(
            numbers[0], new TimeSpan(numbers[1]), new TimeSpan(numbers[2]), new TimeSpan(numbers[3]), new TimeSpan(numbers[4]),
            new TimeSpan(numbers[5]));
    }
}
