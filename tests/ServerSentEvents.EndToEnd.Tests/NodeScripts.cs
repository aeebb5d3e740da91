using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Runs the scripts of one folder with node. The first use copies the folder to a temporary folder and installs the npm
/// packages of the lock file. Each folder has a separate class. xunit creates one instance of the class for each test class.
/// </summary>
public abstract class NodeScripts : IDisposable
{
    /// <summary>Arguments for npm. The short timeouts end an installation without a network after some seconds.</summary>
    private static readonly string[] Installation =
    [
        "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
        "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000",
    ];

    private const int Attempts = 3;

    private const string Advice = "No node or no npm on the PATH. On Debian and Ubuntu: apt-get install nodejs npm";

    private readonly string _source;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("node-scripts-");

    /// <summary>The path of node, available after the packages are installed.</summary>
    private readonly Lazy<Task<string>> _node;

    private protected NodeScripts(string folder)
    {
        _source = Path.Combine(AppContext.BaseDirectory, folder);
        _node = new Lazy<Task<string>>(InstallAsync);
    }

    /// <summary>Runs a script to its end and returns what it wrote.</summary>
    internal async Task<string> RunAsync(string script, byte[] input, params string[] arguments)
    {
        var node = await _node.Value;
        var (status, output, errors) = await Command.RunAsync(node, [script, .. arguments], _folder.FullName, input);
        status.Should().Be(0, errors);
        return output;
    }

    /// <summary>Starts a script that runs until the test ends it. The caller owns the process.</summary>
    internal async Task<Process> StartAsync(string script, params string[] arguments)
    {
        var node = await _node.Value;
        return Command.Start(node, [script, .. arguments], _folder.FullName);
    }

    /// <summary>Returns the text of a file of the installed packages.</summary>
    internal async Task<string> ReadPackageFileAsync(string path)
    {
        await _node.Value;
        return await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "node_modules", path));
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    internal static void Require(bool found, string? ci) => Tool.Require(found, Advice, ci);

    internal static (string? Node, string? Npm) Find(string? path) => OperatingSystem.IsWindows()
        ? (Tool.Find(path, "node.exe"), Tool.Find(path, "npm.cmd"))
        : (Tool.Find(path, "node"), Tool.Find(path, "npm"));

    private async Task<string> InstallAsync()
    {
        var ci = Environment.GetEnvironmentVariable("CI");
        var (node, npm) = Find(Environment.GetEnvironmentVariable("PATH"));
        Require(node is not null && npm is not null, ci);

        foreach (var file in Directory.EnumerateFiles(_source))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        var (status, errors) = (-1, "");
        // The registry or the network can fail for a moment. Each installation begins with the removal of an incomplete one.
        for (var attempt = 1; status != 0 && attempt <= Attempts; attempt++)
            (status, _, errors) = await Command.RunAsync(npm!, Installation, _folder.FullName);
        Tool.Require(status == 0, $"npm could not install the packages of {_source}: {errors}", ci);
        return node!;
    }
}

/// <summary>Runs the scripts that read streams with parsers from npm.</summary>
public sealed class ParserScripts() : NodeScripts("Parsers");

/// <summary>Runs the script that reads streams with clients from npm.</summary>
public sealed class ClientScripts() : NodeScripts("Clients");

/// <summary>Installs <c>axe-core</c>, whose accessibility checks run in a page.</summary>
public sealed class AccessibilityScripts() : NodeScripts("Accessibility");
