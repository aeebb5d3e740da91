namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the outcome of a test on a machine without node and npm.</summary>
public sealed class NodeScriptsTests
{
    [Fact]
    public void Require_Missing_SkipsAndNamesTheCommand() =>
        FluentActions.Invoking(() => NodeScripts.Require(found: false, ci: null))
            .Should().Throw<SkipException>().WithMessage("*apt-get install nodejs npm*");

    [Fact]
    public void Require_MissingInCi_Fails() =>
        FluentActions.Invoking(() => NodeScripts.Require(found: false, ci: "true"))
            .Should().Throw<InvalidOperationException>().WithMessage("*apt-get install nodejs npm*");

    [Fact]
    public void Find_NotOnPath_ReturnsNull() =>
        NodeScripts.Find(Path.Combine(Path.GetTempPath(), "nowhere")).Should().Be(((string?)null, (string?)null));
}
