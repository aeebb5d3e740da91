using System.Globalization;
using System.Text.RegularExpressions;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Tests the tables of published attacks and reports: each row is there, and names tests that exist.</summary>
public sealed partial class ReportTests
{
    private const int MatchLimit = 10_000;
    private const string Page = "tests/REPORTS.md";

    private static readonly string Text = File.ReadAllText(RepositoryFiles.PathOf(Page));

    /// <summary>The cells of each row whose first cell is a number.</summary>
    private static readonly string[][] Rows =
    [
        .. Text.Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 2 && int.TryParse(cells[1], CultureInfo.InvariantCulture, out _)),
    ];

    /// <summary>The tests of all projects, as Class.Method.</summary>
    private static readonly HashSet<string> Tests = FindTests();

    [Fact]
    public void Rows_Numbers_AreCompleteAndInOrder()
    {
        var count = int.Parse(Count().Match(Text).Groups["count"].Value, CultureInfo.InvariantCulture);

        Rows.Select(cells => int.Parse(cells[1], CultureInfo.InvariantCulture)).Should().Equal(Enumerable.Range(1, count));
    }

    [Fact]
    public void Rows_Cells_SayWhatHappensAndNameTestsThatExist()
    {
        foreach (var cells in Rows)
        {
            cells.Should().HaveCount(7, "row {0} has five cells", cells[1]);
            cells[2..6].Should().OnlyContain(cell => cell.Length > 0, "row {0} says everything", cells[1]);
            var names = Name().Matches(cells[5]).Select(match => match.Groups["name"].Value).ToList();
            names.Should().NotBeEmpty("row {0} names a test", cells[1]);
            names.Except(Tests).Should().BeEmpty("each test of row {0} exists", cells[1]);
        }
    }

    [Fact]
    public void Reports_OfAllRows_AreNamedOnce() =>
        Report().Matches(string.Join('\n', Rows.Select(cells => cells[2]))).Select(match => match.Value).Should().OnlyHaveUniqueItems();

    private static HashSet<string> FindTests()
    {
        var tests = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in RepositoryFiles.CompiledFiles("tests"))
        {
            // A class can have several files, such as Class.Part.cs.
            var type = Path.GetFileName(file).Split('.')[0];
            tests.UnionWith(Test().Matches(File.ReadAllText(file)).Select(match => $"{type}.{match.Groups["name"].Value}"));
        }

        return tests;
    }

    [GeneratedRegex(@"These tables have (?<count>\d+) ", RegexOptions.ExplicitCapture, MatchLimit)]
    private static partial Regex Count();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, MatchLimit)]
    private static partial Regex Name();

    /// <summary>Matches the number of an advisory, or the number of an issue and its repository.</summary>
    [GeneratedRegex(@"CVE-\d+-\d+|GHSA(-\w{4}){3}|[\w.-]+/[\w.-]+\#\d+", RegexOptions.ExplicitCapture, MatchLimit)]
    private static partial Regex Report();

    /// <summary>Matches a method with the attribute of a test, also after other attributes.</summary>
    [GeneratedRegex(
        @"\[(Skippable|Unix)?(Fact|Theory)[^\n]*\n([ ]*(\[|//)[^\n]*\n|[ ]{8,}[^\n]*\n)*[ ]*(public|internal) [^\n(]*?(?<name>\w+)\(",
        RegexOptions.ExplicitCapture,
        MatchLimit)]
    private static partial Regex Test();
}
