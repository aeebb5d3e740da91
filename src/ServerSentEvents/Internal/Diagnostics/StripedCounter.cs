namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>A counter that many threads increment at once: each processor has a separate number.</summary>
internal sealed class StripedCounter
{
    /// <summary>The numbers of two processors are not in one cache line.</summary>
    private const int Stride = 16;

    private static readonly int Stripes = Environment.ProcessorCount;

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

    private static int Stripe() =>
#if NET
        (Thread.GetCurrentProcessorId() % Stripes) + 1;
#else
        (Environment.CurrentManagedThreadId % Stripes) + 1;
#endif
}
