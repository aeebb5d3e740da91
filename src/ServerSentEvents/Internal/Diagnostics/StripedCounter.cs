namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>A counter for many threads at once. Each processor increments a separate number.</summary>
internal sealed class StripedCounter
{
    /// <summary>The distance between two numbers, so that no two of them share a cache line.</summary>
    private const int Stride = 16;

    private static readonly int Stripes = Environment.ProcessorCount;

    /// <summary>
    /// The numbers, one for each <see cref="Stride"/>. The first stride is not used: its cache line has the length of the array, which each
    /// access reads.
    /// </summary>
    private readonly long[] _counts = new long[(Stripes + 1) * Stride];

    internal long Value
    {
        get
        {
            long sum = 0;
            for (var stripe = 1; stripe <= Stripes; stripe++)
                sum += Interlocked.Read(ref _counts[stripe * Stride]);
            return sum;
        }
    }

    internal void Increment() => Interlocked.Increment(ref _counts[Stripe() * Stride]);

    internal void Add(int count) => Interlocked.Add(ref _counts[Stripe() * Stride], count);

    private static int Stripe() =>
#if NET
        (Thread.GetCurrentProcessorId() % Stripes) + 1;
#else
        (Environment.CurrentManagedThreadId % Stripes) + 1;
#endif
}
