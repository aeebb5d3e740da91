using System.Globalization;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The limit of open files of this process. Sockets count as files.</summary>
internal static class OpenFiles
{
    private const string Source = "/proc/self/limits";
    private const string Row = "Max open files";

    /// <summary>Gets the limit that Linux reports. On other systems, gets a number that their defaults allow.</summary>
    internal static int Limit { get; } = Read();

    private static int Read()
    {
        if (OperatingSystem.IsWindows())
            return int.MaxValue;
        if (!File.Exists(Source))
            return 10_000;
        var values = File.ReadLines(Source).Single(line => line.StartsWith(Row, StringComparison.Ordinal))[Row.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return int.TryParse(values[0], CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
    }
}
