using System.Numerics;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Counts values in buckets. The width of a bucket is a thirty-second of its values.</summary>
internal sealed class Histogram
{
    private const int SubBucketBits = 5;

    private readonly long[] _counts = new long[64 << SubBucketBits];
    private long _count;

    internal long Max { get; private set; }

    internal void Add(long value)
    {
        _count++;
        _counts[BucketOf(value)]++;
        if (value > Max)
            Max = value;
    }

    /// <summary>Returns the value that a part of all values does not exceed.</summary>
    internal long Quantile(double part)
    {
        var wanted = (long)Math.Ceiling(_count * part);
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            wanted -= _counts[bucket];
            if (wanted <= 0)
                return Math.Min(Max, LastOf(bucket));
        }

        return Max;
    }

    private static int BucketOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)Math.Max(1, value)) - SubBucketBits);
        return (shift << SubBucketBits) + (int)(value >> shift);
    }

    private static long LastOf(int bucket)
    {
        var shift = Math.Max(0, (bucket >> SubBucketBits) - 1);
        return ((bucket - ((long)shift << SubBucketBits) + 1) << shift) - 1;
    }
}
