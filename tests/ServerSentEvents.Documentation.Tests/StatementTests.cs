using System.Globalization;
using System.Text.RegularExpressions;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Tests that the statements of the wire format are numbered, and that each has a test.</summary>
public sealed partial class StatementTests
{
    private const int MatchLimit = 10_000;

    private static readonly int[] Statements =
        [.. NumbersIn(Statement(), File.ReadAllText(RepositoryFiles.PathOf("tests/WIRE-FORMAT.md")))];

    [Fact]
    public void Statements_Numbers_AreCompleteAndInOrder() => Statements.Should().Equal(Enumerable.Range(1, 22));

    [Fact]
    public void Statements_Each_HasATest()
    {
        var tested = RepositoryFiles.CompiledFiles("tests").SelectMany(file => NumbersIn(Trait(), File.ReadAllText(file)));

        tested.Distinct().Order().Should().Equal(Statements);
    }

    private static IEnumerable<int> NumbersIn(Regex pattern, string text) =>
        pattern.Matches(text).Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^(?<number>\d+)\. ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, MatchLimit)]
    private static partial Regex Statement();

    [GeneratedRegex(@"\[Trait\(""Statement"", ""(?<number>\d+)""\)\]", RegexOptions.ExplicitCapture, MatchLimit)]
    private static partial Regex Trait();
}
