namespace ServerSentEvents.Client.Internal;

/// <summary>The waits between attempts. They grow with each attempt without progress, and are random.</summary>
internal sealed class Backoff(TimeSpan maxInterval, Func<double> random)
{
    /// <summary>The largest random addition to an interval, as a part of it.</summary>
    private const double Jitter = 0.5;

    /// <summary>The largest number of doublings. It keeps numbers in range.</summary>
    private const int MaxDoublings = 30;

    /// <summary>
    /// The default source of jitter. Guarded by a lock on this object. The seed differs even in processes that start together.
    /// </summary>
    private static readonly Random SharedRandom = new(Guid.NewGuid().GetHashCode());

    /// <summary>Returns a random number from 0 to 1.</summary>
    internal static double NextRandom()
    {
        lock (SharedRandom)
            return SharedRandom.NextDouble();
    }

    /// <summary>Returns the wait before the next attempt.</summary>
    /// <remarks>
    /// The first wait is random, from the interval to 1.5 times the interval. For each further attempt, the longest wait doubles. The
    /// shortest wait is half of the longest one, but never below the interval.
    /// </remarks>
    internal TimeSpan Next(TimeSpan interval, int failedAttempts, TimeSpan? retryAfter)
    {
        var first = interval.TotalMilliseconds * (1 + Jitter);
        var doublings = Math.Min(Math.Max(failedAttempts - 1, 0), MaxDoublings);
        var longest = Math.Min(first * Math.Pow(2, doublings), Math.Max(first, maxInterval.TotalMilliseconds));
        var shortest = Math.Max(interval.TotalMilliseconds, longest / 2);
        var wait = shortest + ((longest - shortest) * random());
        if (retryAfter is { } asked)
        {
            var spread = interval.TotalMilliseconds * Jitter * random();
            wait = Math.Max(wait, Math.Min(asked.TotalMilliseconds, EventStreamClientOptions.LongestInterval.TotalMilliseconds) + spread);
        }

        return TimeSpan.FromMilliseconds(wait);
    }
}
