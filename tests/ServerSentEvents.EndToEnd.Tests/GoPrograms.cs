using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Runs programs that read streams with a Go package of Debian. The first use of a program builds it in a temporary folder.
/// </summary>
public sealed class GoPrograms : IDisposable
{
    internal const string Package = "github.com/donovanhide/eventsource";

    private const string Advice =
        $"Go or {Package} is missing. On Debian and Ubuntu: apt-get install golang-go golang-github-donovanhide-eventsource-dev";

    /// <summary>The GOPATH of the Go packages that Debian installs.</summary>
    private const string GoPath = "/usr/share/gocode";

    /// <summary>The end of the name of a program that is being built.</summary>
    private const string Unfinished = ".part";

    /// <summary>The time limit of a build, which may compile Go's standard library.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);

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
            go is not null && Directory.Exists(Path.Combine(GoPath, "src", Package)), Environment.GetEnvironmentVariable("CI"));

        var program = Path.Combine(_folder.FullName, Path.GetFileNameWithoutExtension(source));
        if (File.Exists(program))
            return program;
        var (status, _, errors) = await Command.RunAsync(
            go!,
            ["build", "-o", program + Unfinished, Path.Combine(AppContext.BaseDirectory, source)],
            _folder.FullName,
            input: null,
            BuildLimit,
            ("GO111MODULE", "off"),
            ("GOPATH", GoPath),
            ("GOCACHE", Path.Combine(_folder.FullName, "cache")));
        status.Should().Be(0, errors);
        File.Move(program + Unfinished, program);
        return program;
    }
}
