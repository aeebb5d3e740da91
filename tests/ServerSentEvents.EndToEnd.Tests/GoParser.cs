namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Runs the program that reads streams with a Go package of Debian. The first use builds the program in a temporary folder.
/// </summary>
public sealed class GoParser : IDisposable
{
    internal const string Package = "github.com/donovanhide/eventsource";

    private const string Advice =
        $"No Go or no {Package}. On Debian and Ubuntu: apt-get install golang-go golang-github-donovanhide-eventsource-dev";

    /// <summary>The folder of Go packages that Debian installs.</summary>
    private const string Packages = "/usr/share/gocode";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("go-parser-");
    private readonly Lazy<Task<string>> _program;

    public GoParser() => _program = new Lazy<Task<string>>(BuildAsync);

    /// <summary>Returns what the program writes about the streams.</summary>
    internal async Task<string> RunAsync(byte[] input)
    {
        var (status, output, errors) = await Command.RunAsync(await _program.Value, [], _folder.FullName, input);
        status.Should().Be(0, errors);
        return output;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    internal static void Require(bool found, string? ci) => Tool.Require(found, Advice, ci);

    private async Task<string> BuildAsync()
    {
        var go = Tool.Find(Environment.GetEnvironmentVariable("PATH"), "go");
        Require(
            go is not null && Directory.Exists(Path.Combine(Packages, "src", Package)), Environment.GetEnvironmentVariable("CI"));

        var program = Path.Combine(_folder.FullName, "digest");
        var source = Path.Combine(AppContext.BaseDirectory, "Parsers", "digest.go");
        var (status, _, errors) = await Command.RunAsync(
            go!,
            ["build", "-o", program, source],
            _folder.FullName,
            input: null,
            ("GO111MODULE", "off"),
            ("GOPATH", Packages),
            ("GOCACHE", Path.Combine(_folder.FullName, "cache")));
        status.Should().Be(0, errors);
        return program;
    }
}
