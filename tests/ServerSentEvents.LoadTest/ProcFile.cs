using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>What the kernel tells of a process, in /proc.</summary>
internal static class ProcFile
{
    /// <summary>The kernel's unit in this file: a hundredth of a second, wherever Linux runs.</summary>
    private const long TicksOfTheKernel = TimeSpan.TicksPerSecond / 100;

    /// <summary>Where user and system time stand, behind the name in parentheses.</summary>
    private const int UserTime = 11;

    /// <summary>The processor time that a process has had so far, its own and the kernel's for it.</summary>
    internal static TimeSpan ProcessorTime(int processId)
    {
        var text = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[UserTime], CultureInfo.InvariantCulture) + long.Parse(fields[UserTime + 1], CultureInfo.InvariantCulture);
        return new TimeSpan(ticks * TicksOfTheKernel);
    }

    /// <summary>The same for a process and all that it has started, directly or not.</summary>
    internal static TimeSpan ProcessorTimeOfTree(int processId) =>
        Children(processId).Aggregate(ProcessorTime(processId), (sum, child) => sum + ProcessorTimeOfTree(child));

    internal static IEnumerable<int> Children(int processId)
    {
        var id = processId.ToString(CultureInfo.InvariantCulture);
        return File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse.Number);
    }

    /// <summary>The bytes of a process that are in memory.</summary>
    internal static long ResidentBytes(int processId)
    {
        var line = File.ReadLines($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/status")
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
