namespace Dashboard;

/// <summary>What was measured at one time.</summary>
/// <param name="At">When, in milliseconds since 1970 in UTC; no two samples have the same.</param>
/// <param name="Cpu">What the process has used since the last sample, in percent of one core.</param>
/// <param name="WorkingSet">The memory of the process, in bytes.</param>
/// <param name="Heap">That of the garbage collector's heap, in bytes.</param>
/// <param name="Subscribers">How many streams are open.</param>
/// <param name="EventsPerSecond">How many events have been delivered to them since the last sample, for each second.</param>
internal sealed record Sample(long At, double Cpu, long WorkingSet, long Heap, long Subscribers, double EventsPerSecond);
