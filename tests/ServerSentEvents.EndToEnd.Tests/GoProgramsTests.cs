namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the outcome of a test on a machine without Go.</summary>
public sealed class GoProgramsTests
{
    [Fact]
    public void Require_Missing_SkipsAndNamesTheCommand() =>
        FluentActions.Invoking(() => GoPrograms.Require(found: false, ci: null))
            .Should().Throw<SkipException>().WithMessage("*apt-get install golang-go golang-github-donovanhide-eventsource-dev*");

    [Fact]
    public void Require_MissingInCi_Fails() =>
        FluentActions.Invoking(() => GoPrograms.Require(found: false, ci: "true"))
            .Should().Throw<InvalidOperationException>().WithMessage("*apt-get install golang-go*");
}
