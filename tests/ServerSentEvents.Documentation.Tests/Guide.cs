using System.Text.RegularExpressions;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>A Markdown file of the repository.</summary>
internal sealed partial class Guide(string file)
{
    private const int MatchLimit = 10_000;

    private static readonly string Root = RepositoryFiles.PathOf("");

    private static readonly EnumerationOptions Recursively = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };

    private readonly string[] _lines = File.ReadAllLines(file);

    /// <summary>The Markdown files that are written by hand.</summary>
    internal static IEnumerable<Guide> All =>
        from file in new[] { "src", "samples", "tests", ".github" }.Select(RepositoryFiles.PathOf).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.md", Recursively))
            .Append(RepositoryFiles.PathOf("README.md"))
        where !System.IO.Path.GetRelativePath(Root, file).Split(System.IO.Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj")
        select new Guide(file);

    /// <summary>The path in the repository, with slashes.</summary>
    internal string Path { get; } =
        System.IO.Path.GetRelativePath(Root, file).Replace(System.IO.Path.DirectorySeparatorChar, '/');

    internal string TextWithoutBlocks => CodeBlock().Replace(string.Join('\n', _lines), "");

    /// <summary>The blocks of C#, without blank lines and without common indentation.</summary>
    internal IEnumerable<string[]> CSharpBlocks
    {
        get
        {
            for (var start = 0; start < _lines.Length; start++)
            {
                if (_lines[start].Trim() != "```csharp")
                    continue;
                var end = Array.FindIndex(_lines, start + 1, line => line.Trim() == "```");
                yield return WithoutCommonIndentation(WithoutBlankLines(_lines[(start + 1)..end]));
                start = end;
            }
        }
    }

    /// <summary>The anchors of the headings, as GitHub makes them.</summary>
    internal IEnumerable<string> Headings =>
        from line in TextWithoutBlocks.Split('\n')
        where line.StartsWith('#')
        let words = NoPartOfAnchors().Replace(line.TrimStart('#').Trim(), "")
        select string.Concat(words.Select(character => character == ' ' ? '-' : char.ToLowerInvariant(character)));

    internal static string[] WithoutBlankLines(string[] lines) => [.. lines.Where(line => !string.IsNullOrWhiteSpace(line))];

    internal static string[] WithoutCommonIndentation(string[] lines)
    {
        var indentation = lines.Min(line => line.Length - line.TrimStart().Length);
        return [.. lines.Select(line => line[indentation..])];
    }

    [GeneratedRegex("^[ ]*```.*?^[ ]*```[ ]*$", RegexOptions.Multiline | RegexOptions.Singleline, MatchLimit)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"[^\w\s-]", RegexOptions.None, MatchLimit)]
    private static partial Regex NoPartOfAnchors();
}
