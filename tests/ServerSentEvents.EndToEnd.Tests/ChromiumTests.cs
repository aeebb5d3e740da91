namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>What becomes of a test that needs a browser where there is none.</summary>
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
    public void Require_Found_GoesOn() => Chromium.Require(found: true, ci: "true");

    [Fact]
    public void Find_NotOnThePath_IsNull() => Chromium.Find(Path.Combine(Path.GetTempPath(), "nowhere")).Should().BeNull();
}
