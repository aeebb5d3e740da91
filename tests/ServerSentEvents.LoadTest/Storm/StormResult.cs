using System.Globalization;

namespace ServerSentEvents.LoadTest.Storm;

/// <summary>The figures of one storm.</summary>
/// <param name="Jitter">The jitter of the reconnection, in seconds.</param>
/// <param name="WasKilled">True if the first server was killed; false if it shut down gracefully.</param>
/// <param name="Arrivals">The times from the stop of the first server to each subscription at the second one, in order.</param>
/// <param name="ProcessorTime">The processor time of the second server during the storm.</param>
/// <param name="ResidentBytes">The memory of the second server after the storm.</param>
internal sealed record StormResult(
    int Jitter, bool WasKilled, IReadOnlyList<TimeSpan> Arrivals, TimeSpan ProcessorTime, long ResidentBytes)
{
    internal const string Head =
        """
        | the server | jitter, s | half have reconnected after, s | 99 % | all | most in a second | CPU of the new server for each, ms | its memory, MB |
        |---|---:|---:|---:|---:|---:|---:|---:|
        """;

    private const double Megabyte = 1024 * 1024;

    /// <summary>The largest number of arrivals within one second.</summary>
    private int MostInASecond
    {
        get
        {
            var (most, first) = (0, 0);
            for (var last = 0; last < Arrivals.Count; last++)
            {
                while (Arrivals[last] - Arrivals[first] > TimeSpan.FromSeconds(1))
                    first++;
                most = Math.Max(most, last - first + 1);
            }

            return most;
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {(WasKilled ? "is killed" : "shuts down")} | {Jitter} | {After(0.5):F1} | {After(0.99):F1} | {After(1):F1} | {MostInASecond:N0} | {ProcessorTime.TotalMilliseconds / Arrivals.Count:F2} | {ResidentBytes / Megabyte:F0} |");

    /// <summary>Returns the seconds after which a part of the clients has reconnected.</summary>
    private double After(double part) => Arrivals[(int)Math.Ceiling(part * Arrivals.Count) - 1].TotalSeconds;
}
