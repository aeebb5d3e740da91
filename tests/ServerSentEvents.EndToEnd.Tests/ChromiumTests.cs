namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the outcome of a test on a machine without a browser.</summary>
public sealed class ChromiumTests
{
    [Fact]
    public void Require_Missing_SkipsAndNamesTheCommand() =>
        FluentActions.Invoking(() => Chromium.Require(found: false, ci: null))
            .Should().Throw<SkipException>().WithMessage("*apt-get install chromium*");

    [Fact]
    public void Require_MissingInCi_Fails() =>
        FluentActions.Invoking(() => Chromium.Require(found: false, ci: "true"))
            .Should().Throw<InvalidOperationException>().WithMessage("*apt-get install chromium*");

    [Fact]
    public void Require_Found_DoesNotThrow() => Chromium.Require(found: true, ci: "true");

    [Fact]
    public void Find_NotOnPath_ReturnsNull() => Chromium.Find(Path.Combine(Path.GetTempPath(), "nowhere")).Should().BeNull();
}
