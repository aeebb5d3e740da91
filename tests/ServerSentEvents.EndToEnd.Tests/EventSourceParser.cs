using System.Diagnostics;
using System.Text;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// <c>eventsource-parser</c> of npm, run by node on the script in the folder Parsers. It is installed into a temporary
/// folder of its own, in the version that the lock file there names.
/// </summary>
internal sealed class EventSourceParser : IDisposable
{
    /// <summary>Without a network npm tries for some seconds, and not for the minutes of its defaults.</summary>
    private static readonly string[] Installation =
    [
        "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
        "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000",
    ];

    private const string Advice = "No node or no npm on the PATH. On Debian and Ubuntu: apt-get install nodejs npm";

    private readonly string _node;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("eventsource-parser-");

    private EventSourceParser(string node)
    {
        _node = node;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Parsers")))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
    }

    internal static async Task<EventSourceParser> InstallAsync()
    {
        var ci = Environment.GetEnvironmentVariable("CI");
        var (node, npm) = Find(Environment.GetEnvironmentVariable("PATH"));
        Require(node is not null && npm is not null, ci);

        var parser = new EventSourceParser(node!);
        try
        {
            var (status, _, errors) = await parser.RunAsync(npm!, Installation, []);
            Tool.Require(status == 0, $"npm could not install eventsource-parser: {errors}", ci);
            return parser;
        }
        catch
        {
            parser.Dispose();
            throw;
        }
    }

    /// <summary>What our script says of a stream.</summary>
    internal async Task<string> ParseAsync(byte[] stream)
    {
        var (status, output, errors) = await RunAsync(_node, ["parse.mjs"], stream);
        status.Should().Be(0, errors);
        return output;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    internal static void Require(bool found, string? ci) => Tool.Require(found, Advice, ci);

    internal static (string? Node, string? Npm) Find(string? path) => OperatingSystem.IsWindows()
        ? (Tool.Find(path, "node.exe"), Tool.Find(path, "npm.cmd"))
        : (Tool.Find(path, "node"), Tool.Find(path, "npm"));

    /// <summary>Runs a program in our folder to its end, or, when it takes too long, kills it and what it has started.</summary>
    private async Task<(int Status, string Output, string Errors)> RunAsync(string program, string[] arguments, byte[] input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = _folder.FullName,
        })!;
        using var limit = new CancellationTokenSource(Limits.Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await WriteAsync(process.StandardInput, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return (-1, "", $"{Path.GetFileName(program)} took longer than {Limits.Patience}.");
        }
    }

    private static async Task WriteAsync(StreamWriter writer, byte[] input, CancellationToken cancellationToken)
    {
        try
        {
            await writer.BaseStream.WriteAsync(input, cancellationToken);
            writer.Close();
        }
        catch (IOException)
        {
            // It has ended before it had read all: its status and its complaint say more.
        }
    }
}
