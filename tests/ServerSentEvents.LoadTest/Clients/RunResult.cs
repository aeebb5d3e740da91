using System.Globalization;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The result of one measurement.</summary>
/// <param name="Deliveries">Events times clients; each delivery was received and compared.</param>
/// <param name="Elapsed">The time from the first publish to the last receipt.</param>
/// <param name="ProcessorTime">The server's processor time, with the kernel's work for it.</param>
/// <param name="Median">The median latency, from the time an event was due to its receipt.</param>
/// <param name="Percentile99">The latency that 99 % of the deliveries do not exceed.</param>
/// <param name="Max">The longest latency.</param>
internal sealed record RunResult(
    long Deliveries, TimeSpan Elapsed, TimeSpan ProcessorTime, TimeSpan Median, TimeSpan Percentile99, TimeSpan Max)
{
    internal double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    /// <summary>The processor time as a part of the time that passed: 1 is one busy processor.</summary>
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
