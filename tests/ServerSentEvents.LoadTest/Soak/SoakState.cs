namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The state of a server.</summary>
/// <param name="Subscriptions">The number of open subscriptions.</param>
/// <param name="NonReaders">The numbers of the subscribed clients that do not read.</param>
/// <param name="Failures">The requests that have ended with an exception so far.</param>
internal sealed record SoakState(int Subscriptions, IReadOnlyList<int> NonReaders, int Failures);

/// <summary>The figures of a server process at one time.</summary>
/// <param name="Seconds">The time since the start of the phase.</param>
/// <param name="ResidentBytes">The bytes that are in memory.</param>
/// <param name="Handles">The open files and sockets.</param>
/// <param name="Threads">The threads.</param>
/// <param name="Subscriptions">The open subscriptions.</param>
internal sealed record Sample(double Seconds, long ResidentBytes, int Handles, int Threads, int Subscriptions)
{
    internal static async Task<(Sample Sample, SoakState State)> TakeAsync(SoakNode node, double seconds)
    {
        var state = await node.GetStateAsync();
        return (new(
            seconds, ProcFile.ResidentBytes(node.ProcessId), ProcFile.Handles(node.ProcessId), ProcFile.Threads(node.ProcessId),
            state.Subscriptions), state);
    }
}
