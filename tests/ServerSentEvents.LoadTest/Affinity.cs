namespace ServerSentEvents.LoadTest;

/// <summary>Runs servers and clients on separate processors, if the machine has two, so that neither delays the other.</summary>
internal static unsafe class Affinity
{
    internal const int ForServers = 0;
    internal const int ForClients = 1;

    /// <summary>The value for a process that may use all processors.</summary>
    internal const int None = -1;

    private const int MaskBytes = 128;

    /// <summary>True if the machine has enough processors to separate servers and clients.</summary>
    internal static bool IsUsed { get; } = Environment.ProcessorCount > 1;

    /// <summary>Calls a function that starts a process, and restricts the new process to one processor.</summary>
    internal static T Start<T>(int processor, Func<T> start)
    {
        if (!IsUsed || processor == None)
            return start();

        // A process inherits the affinity of the thread that starts it.
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
