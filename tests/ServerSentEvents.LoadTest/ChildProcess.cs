using System.Diagnostics;

namespace ServerSentEvents.LoadTest;

/// <summary>A process that answers each line of input with a line of output. Ends when this process ends.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    internal ChildProcess(int processor, string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Affinity.Start(processor, () => Process.Start(start)!);
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Starts this program in another process, with a verb.</summary>
    internal static ChildProcess OfThisProgram(int processor, params string[] arguments)
    {
        var path = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(path) == "dotnet";
        return isHost
            ? new ChildProcess(processor, path, [typeof(ChildProcess).Assembly.Location, .. arguments])
            : new ChildProcess(processor, path, arguments);
    }

    /// <exception cref="ChildProcessException">The process has ended.</exception>
    internal string Ask(string command)
    {
        Tell(command);
        return ReadLine();
    }

    /// <summary>Ends the input of the process.</summary>
    internal void CloseInput() => _process.StandardInput.Close();

    internal void Tell(string command) => _process.StandardInput.WriteLine(command);

    /// <exception cref="ChildProcessException">The process has ended.</exception>
    internal string ReadLine() =>
        _process.StandardOutput.ReadLine() ?? throw new ChildProcessException("A process of the load test has ended early; see above.");

    internal void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
