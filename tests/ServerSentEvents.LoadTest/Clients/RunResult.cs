using System.Globalization;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The result of one measurement.</summary>
/// <param name="Deliveries">The number of events times the number of clients. Each delivery was received and compared.</param>
/// <param name="Elapsed">The time from the first publish to the last receipt.</param>
/// <param name="ProcessorTime">The processor time of the server, including the kernel's work for the server.</param>
/// <param name="Median">The median latency, from the time when an event was due to its receipt.</param>
/// <param name="Percentile99">The latency that 99 % of the deliveries do not exceed.</param>
/// <param name="Max">The longest latency.</param>
internal sealed record RunResult(
    long Deliveries, TimeSpan Elapsed, TimeSpan ProcessorTime, TimeSpan Median, TimeSpan Percentile99, TimeSpan Max)
{
    internal double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    /// <summary>The processor time divided by the elapsed time. The value 1 means one busy processor.</summary>
    internal double ProcessorShare => ProcessorTime / Elapsed;

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
