using System.Text.RegularExpressions;

namespace ServerSentEvents.Tests;

/// <summary>Tests that the code in the READMEs is part of compiled files, and that relative links point to files.</summary>
public sealed partial class ReadmeTests
{
    private const int MatchLimit = 10_000;

    public static TheoryData<string> Readmes => new(
        "README.md",
        "src/ServerSentEvents/README.md",
        "src/ServerSentEvents.AspNetCore/README.md",
        "src/ServerSentEvents.Client/README.md",
        "src/ServerSentEvents.Backplane/README.md",
        "src/ServerSentEvents.RabbitMQ/README.md",
        "src/ServerSentEvents.Redis/README.md");

    public static TheoryData<string> Guides => new(
        "src/ServerSentEvents.AspNetCore/AUTHENTICATION.md",
        "src/ServerSentEvents.AspNetCore/DEPLOYING.md",
        "src/ServerSentEvents.Backplane/SCALING.md");

    [Theory]
    [MemberData(nameof(Readmes))]
    [MemberData(nameof(Guides))]
    public void Readme_CSharpBlocks_OccurInCompiledFiles(string readme)
    {
        var blocks = CSharpBlocks(File.ReadAllLines(RepositoryFiles.PathOf(readme)));
        blocks.Should().NotBeEmpty("{0} shows how to use the package", readme);

        string[][] sources = [.. RepositoryFiles.CompiledFiles("samples").Concat(RepositoryFiles.CompiledFiles("tests"))
            .Select(path => WithoutBlankLines(File.ReadAllLines(path)))];
        foreach (var block in blocks)
        {
            sources.Any(source => Contains(source, block)).Should().BeTrue(
                "the block of {0} that begins with '{1}' must occur in a file under samples/ or tests/", readme, block[0]);
        }
    }

    [Theory]
    [MemberData(nameof(Readmes))]
    [MemberData(nameof(Guides))]
    public void Readme_RelativeLinks_PointToFilesThatExist(string readme)
    {
        var folder = Path.GetDirectoryName(RepositoryFiles.PathOf(readme))!;
        var text = CodeBlock().Replace(File.ReadAllText(RepositoryFiles.PathOf(readme)), "");

        foreach (var target in Link().Matches(text).Select(match => match.Groups["path"].Value).Where(path => path != ""))
            Path.Exists(Path.Combine(folder, target)).Should().BeTrue("{0} links to {1}", readme, target);
    }

    private static List<string[]> CSharpBlocks(string[] lines)
    {
        var blocks = new List<string[]>();
        for (var start = 0; start < lines.Length; start++)
        {
            if (lines[start].Trim() != "```csharp")
                continue;
            var end = Array.FindIndex(lines, start + 1, line => line.Trim() == "```");
            blocks.Add(WithoutCommonIndentation(WithoutBlankLines(lines[(start + 1)..end])));
            start = end;
        }

        return blocks;
    }

    private static bool Contains(string[] source, string[] block)
    {
        for (var start = 0; start + block.Length <= source.Length; start++)
        {
            if (source[start].EndsWith(block[0], StringComparison.Ordinal)
                && WithoutCommonIndentation(source[start..(start + block.Length)]).SequenceEqual(block, StringComparer.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static string[] WithoutBlankLines(string[] lines) => [.. lines.Where(line => !string.IsNullOrWhiteSpace(line))];

    private static string[] WithoutCommonIndentation(string[] lines)
    {
        var indentation = lines.Min(line => line.Length - line.TrimStart().Length);
        return [.. lines.Select(line => line[indentation..])];
    }

    [GeneratedRegex("^[ ]*```.*?^[ ]*```[ ]*$", RegexOptions.Multiline | RegexOptions.Singleline, MatchLimit)]
    private static partial Regex CodeBlock();

    /// <summary>Matches the path of [text](path#heading) and of [text]: path#heading, but no absolute URL.</summary>
    [GeneratedRegex(
        @"(\]\(|^\[[^]]+\]:[ ]*)(?![a-z]+:)(?<path>[^)#\s]*)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, MatchLimit)]
    private static partial Regex Link();
}
