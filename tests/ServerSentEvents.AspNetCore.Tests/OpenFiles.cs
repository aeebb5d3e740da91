using System.Globalization;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>How many files, sockets among them, this process may have open.</summary>
internal static class OpenFiles
{
    private const string Source = "/proc/self/limits";
    private const string Row = "Max open files";

    /// <summary>As Linux says; elsewhere what the others' defaults allow for.</summary>
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
