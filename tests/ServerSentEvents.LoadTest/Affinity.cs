namespace ServerSentEvents.LoadTest;

/// <summary>Gives each process a processor of its own, where there are two: then neither takes time from the other.</summary>
internal static unsafe class Affinity
{
    internal const int ForServers = 0;
    internal const int ForClients = 1;

    /// <summary>No processor of its own, but all.</summary>
    internal const int None = -1;

    private const int MaskBytes = 128;

    /// <summary>Whether processes get processors of their own.</summary>
    internal static bool IsUsed { get; } = Environment.ProcessorCount > 1;

    /// <summary>Does something that starts a process, which has this processor for its own and knows of no other.</summary>
    internal static T Start<T>(int processor, Func<T> start)
    {
        if (!IsUsed || processor == None)
            return start();

        // A process begins with what the thread has that starts it.
        var before = stackalloc byte[MaskBytes];
        var mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        mask[processor / 8] = (byte)(1 << (processor % 8));
        _ = Libc.GetAffinity(0, MaskBytes, before);
        _ = Libc.SetAffinity(0, MaskBytes, mask);
        try
        {
            return start();
        }
        finally
        {
            _ = Libc.SetAffinity(0, MaskBytes, before);
        }
    }
}
