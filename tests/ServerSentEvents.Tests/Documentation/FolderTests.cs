using System.Text.RegularExpressions;

namespace ServerSentEvents.Tests;

/// <summary>Tests that the folders of the internal code of the core and of the engine use each other in one direction.</summary>
public sealed partial class FolderTests
{
    private const int MatchLimit = 10_000;

    [Theory]
    [InlineData("ServerSentEvents", "Channels")]
    [InlineData("ServerSentEvents.Backplane", "Messages")]
    public void Usings_FoldersOfInternal_FormNoCycle(string package, string usedByPublishing)
    {
        var uses = Directory.EnumerateDirectories(RepositoryFiles.PathOf($"src/{package}/Internal"))
            .ToDictionary(folder => Path.GetFileName(folder), folder => UsedFolders(package, folder), StringComparer.Ordinal);
        uses["Publishing"].Should().Contain(usedByPublishing, "the test must find the using lines");

        // Removes each folder that uses no folder that is left. The folders of a cycle, and those that use them, are left.
        while (uses.Keys.FirstOrDefault(folder => !uses[folder].Any(uses.ContainsKey)) is { } folder)
            uses.Remove(folder);
        uses.Select(folder => $"{folder.Key} uses {string.Join(", ", folder.Value)}").Should().BeEmpty();
    }

    private static string[] UsedFolders(string package, string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Select(line => Using().Match(line))
            .Where(match => match.Groups["package"].Value == package)
            .Select(match => match.Groups["folder"].Value)
            .Distinct(StringComparer.Ordinal),
    ];

    [GeneratedRegex(
        @"^(global )?using (static |\w+ = )?(?<package>ServerSentEvents(\.\w+)?)\.Internal\.(?<folder>\w+)",
        RegexOptions.ExplicitCapture,
        MatchLimit)]
    private static partial Regex Using();
}
