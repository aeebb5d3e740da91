using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Runs programs that read streams with a Go package of Debian. The first use of a program builds it in a temporary folder.
/// </summary>
public sealed class GoPrograms : IDisposable
{
    internal const string Package = "github.com/donovanhide/eventsource";

    private const string Advice =
        $"No Go or no {Package}. On Debian and Ubuntu: apt-get install golang-go golang-github-donovanhide-eventsource-dev";

    /// <summary>The folder of Go packages that Debian installs.</summary>
    private const string Packages = "/usr/share/gocode";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("go-programs-");

    /// <summary>Runs a program to its end and returns what it wrote.</summary>
    internal async Task<string> RunAsync(string source, byte[] input)
    {
        var program = await BuildAsync(source);
        var (status, output, errors) = await Command.RunAsync(program, [], _folder.FullName, input);
        status.Should().Be(0, errors);
        return output;
    }

    /// <summary>Starts a program that runs until the test ends it. The caller owns the process.</summary>
    internal async Task<Process> StartAsync(string source, params string[] arguments) =>
        Command.Start(await BuildAsync(source), arguments, _folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);

    internal static void Require(bool found, string? ci) => Tool.Require(found, Advice, ci);

    /// <summary>Builds a program, unless it exists, and returns its path. The tests of one class run one after the other.</summary>
    private async Task<string> BuildAsync(string source)
    {
        var go = Tool.Find(Environment.GetEnvironmentVariable("PATH"), "go");
        Require(
            go is not null && Directory.Exists(Path.Combine(Packages, "src", Package)), Environment.GetEnvironmentVariable("CI"));

        var program = Path.Combine(_folder.FullName, Path.GetFileNameWithoutExtension(source));
        if (File.Exists(program))
            return program;
        var (status, _, errors) = await Command.RunAsync(
            go!,
            ["build", "-o", program, Path.Combine(AppContext.BaseDirectory, source)],
            _folder.FullName,
            input: null,
            ("GO111MODULE", "off"),
            ("GOPATH", Packages),
            ("GOCACHE", Path.Combine(_folder.FullName, "cache")));
        status.Should().Be(0, errors);
        return program;
    }
}
