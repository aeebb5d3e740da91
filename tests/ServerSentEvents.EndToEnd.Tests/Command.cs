using System.Diagnostics;
using System.Text;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Runs programs that read from standard input and write to standard output.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end. After the time limit, kills the program and its child processes.</summary>
    internal static async Task<(int Status, string Output, string Errors)> RunAsync(
        string program,
        string[] arguments,
        string folder,
        byte[]? input = null,
        TimeSpan? timeout = null,
        params (string Name, string Value)[] environment)
    {
        var patience = timeout ?? Limits.Patience;
        using var process = Start(program, arguments, folder, environment);
        using var limit = new CancellationTokenSource(patience);
        // These reads end with the process, and keep what it wrote before the limit.
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await WriteAsync(process.StandardInput, input ?? [], limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output.WaitAsync(Limits.Patience), await errors.WaitAsync(Limits.Patience));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            var rest = await errors.WaitAsync(Limits.Patience);
            return (-1, await output.WaitAsync(Limits.Patience), $"{rest}{Path.GetFileName(program)} took longer than {patience}.");
        }
    }

    /// <summary>Starts a program. The caller owns the process.</summary>
    internal static Process Start(
        string program, string[] arguments, string folder, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
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
            // The process ended before it read all input. Its status and its errors tell the cause.
        }
    }
}
