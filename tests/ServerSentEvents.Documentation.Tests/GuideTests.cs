using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>
/// Tests the READMEs and guides. A block of C# that begins with a using line is a whole program, and compiles. Each other block
/// is part of a file that is compiled, and mostly run, by a test. Links point to files and headings.
/// </summary>
public sealed partial class GuideTests
{
    private const int MatchLimit = 10_000;

    private static readonly Guide[] All = [.. Guide.All];

    /// <summary>The address of the repository's files.</summary>
    private static readonly string Files =
        XDocument.Load(RepositoryFiles.PathOf("Directory.Build.props")).Descendants("PackageProjectUrl").Single().Value + "/blob/main/";

    /// <summary>The lines of the files that can contain blocks, without blank lines.</summary>
    private static readonly string[][] Sources =
    [
        .. RepositoryFiles.CompiledFiles("samples").Concat(RepositoryFiles.CompiledFiles("tests"))
            .Select(path => Guide.WithoutBlankLines(File.ReadAllLines(path))),
    ];

    public static TheoryData<string> Guides => [.. All.Select(guide => guide.Path)];

    [Theory]
    [MemberData(nameof(Guides))]
    public void Blocks_OfCSharp_Compile(string path)
    {
        foreach (var block in Find(path).CSharpBlocks)
        {
            if (block[0].StartsWith("using ", StringComparison.Ordinal))
            {
                ExampleCompiler.ProblemsOfWebProgram(string.Join('\n', block)).Should().BeEmpty(
                    "this program of {0} must compile:\n{1}", path, string.Join('\n', block));
            }
            else
            {
                Sources.Any(source => Contains(source, block)).Should().BeTrue(
                    "the block of {0} that begins with '{1}' must occur in a file under samples/ or tests/", path, block[0]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Guides))]
    public void Links_ToTheRepository_PointToFilesAndHeadings(string path)
    {
        var guide = Find(path);
        var folder = Path.GetDirectoryName(RepositoryFiles.PathOf(path))!;
        foreach (var link in Link().Matches(guide.TextWithoutBlocks).Where(link => IsRelative(link) || IsToFileOfTheRepository(link)))
        {
            var name = link.Groups["path"].Value;
            var target = name.Length == 0 ? RepositoryFiles.PathOf(path)
                : IsRelative(link) ? Path.GetFullPath(Path.Combine(folder, name))
                : RepositoryFiles.PathOf(name[Files.Length..]);
            Path.Exists(target).Should().BeTrue("{0} links to {1}", path, link.Value);
            if (link.Groups["heading"].Value is { Length: > 0 } heading)
                new Guide(target).Headings.Should().Contain(heading, "{0} links to {1}", path, link.Value);
        }
    }

    /// <summary>Packages contain these READMEs, and nuget.org does not resolve relative links.</summary>
    [Fact]
    public void Links_InReadmesOfPackages_AreAbsolute()
    {
        var readmes = All.Where(guide => guide.Path.StartsWith("src/", StringComparison.Ordinal)
            && guide.Path.EndsWith("/README.md", StringComparison.Ordinal));
        foreach (var readme in readmes)
        {
            Link().Matches(readme.TextWithoutBlocks).Where(IsRelative).Select(link => link.Value)
                .Should().BeEmpty("links of {0} must be absolute", readme.Path);
        }
    }

    [Fact]
    public void Readme_OfTheRepository_IsShort()
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf("README.md"));

        text.Split('\n').Should().HaveCountLessThanOrEqualTo(171, "170 lines, and the end of the last one");
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Should().HaveCountLessThanOrEqualTo(1_500);
    }

    [Fact]
    public void Guides_OfEachPackage_AreFound()
    {
        foreach (var package in Directory.EnumerateDirectories(RepositoryFiles.PathOf("src")))
            All.Select(guide => guide.Path).Should().Contain($"src/{Path.GetFileName(package)}/README.md");
    }

    private static Guide Find(string path) => All.Single(guide => guide.Path == path);

    private static bool IsRelative(Match link) => !link.Groups["path"].Value.Contains(':', StringComparison.Ordinal);

    private static bool IsToFileOfTheRepository(Match link) => link.Groups["path"].Value.StartsWith(Files, StringComparison.Ordinal);

    private static bool Contains(string[] source, string[] block)
    {
        for (var start = 0; start + block.Length <= source.Length; start++)
        {
            if (source[start].EndsWith(block[0], StringComparison.Ordinal)
                && Guide.WithoutCommonIndentation(source[start..(start + block.Length)]).SequenceEqual(block, StringComparer.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Matches [text](path#heading) and [text]: path#heading.</summary>
    [GeneratedRegex(
        @"(\]\(|^\[[^]]+\]:[ ]*)(?<path>[^)#\s]*)(\#(?<heading>[^)\s]*))?",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        MatchLimit)]
    private static partial Regex Link();
}
