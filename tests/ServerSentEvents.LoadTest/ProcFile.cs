using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>Reads the figures of a process from /proc.</summary>
internal static class ProcFile
{
    /// <summary>The unit of times in /proc, which is a hundredth of a second on every Linux.</summary>
    private const long TicksOfTheKernel = TimeSpan.TicksPerSecond / 100;

    /// <summary>The place of the user time after the name in parentheses. The system time follows.</summary>
    private const int UserTime = 11;

    /// <summary>Returns the processor time of a process so far, including the kernel's work for the process.</summary>
    internal static TimeSpan ProcessorTime(int processId)
    {
        var text = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[UserTime], CultureInfo.InvariantCulture) + long.Parse(fields[UserTime + 1], CultureInfo.InvariantCulture);
        return new TimeSpan(ticks * TicksOfTheKernel);
    }

    /// <summary>Returns the processor time of a process and all its descendants.</summary>
    internal static TimeSpan ProcessorTimeOfTree(int processId) =>
        Children(processId).Aggregate(ProcessorTime(processId), (sum, child) => sum + ProcessorTimeOfTree(child));

    internal static IEnumerable<int> Children(int processId)
    {
        var id = processId.ToString(CultureInfo.InvariantCulture);
        return File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse.Number);
    }

    /// <summary>Returns the number of bytes of a process that are in memory.</summary>
    internal static long ResidentBytes(int processId) => Status(processId, "VmRSS:") * 1024;

    internal static int Threads(int processId) => (int)Status(processId, "Threads:");

    /// <summary>Returns the number of open files and sockets of a process.</summary>
    internal static int Handles(int processId) =>
        Directory.EnumerateFileSystemEntries($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/fd").Count();

    private static long Status(int processId, string name)
    {
        var line = File.ReadLines($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/status")
            .First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(
            line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
