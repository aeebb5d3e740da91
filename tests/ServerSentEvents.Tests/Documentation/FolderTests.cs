using System.Text.RegularExpressions;

namespace ServerSentEvents.Tests;

/// <summary>Tests that the folders of the library's internal code use each other in one direction, as DESIGN.md says.</summary>
public sealed partial class FolderTests
{
    private const int MatchLimit = 10_000;

    [Fact]
    public void Usings_FoldersOfInternal_FormNoCycle()
    {
        var uses = Directory.EnumerateDirectories(RepositoryFiles.PathOf("src/ServerSentEvents/Internal"))
            .ToDictionary(folder => Path.GetFileName(folder), UsedFolders, StringComparer.Ordinal);
        uses["Publishing"].Should().Contain("Channels", "the test must find the using lines");

        // Removes each folder that uses no folder that is left. The folders of a cycle, and those that use them, are left.
        while (uses.Keys.FirstOrDefault(folder => !uses[folder].Any(uses.ContainsKey)) is { } folder)
            uses.Remove(folder);
        uses.Select(folder => $"{folder.Key} uses {string.Join(", ", folder.Value)}").Should().BeEmpty();
    }

    private static string[] UsedFolders(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Select(line => Using().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups["folder"].Value)
            .Distinct(StringComparer.Ordinal),
    ];

    [GeneratedRegex(
        @"^(global )?using (static |\w+ = )?ServerSentEvents\.Internal\.(?<folder>\w+)",
        RegexOptions.ExplicitCapture,
        MatchLimit)]
    private static partial Regex Using();
}
