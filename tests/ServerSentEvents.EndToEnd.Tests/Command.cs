using System.Diagnostics;
using System.Text;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Runs programs that read from standard input and write to standard output.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end. After the time limit, kills the program and its child processes.</summary>
    internal static async Task<(int Status, string Output, string Errors)> RunAsync(
        string program, string[] arguments, string folder, byte[]? input = null, params (string Name, string Value)[] environment)
    {
        using var process = Start(program, arguments, folder, environment);
        using var limit = new CancellationTokenSource(Limits.Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await WriteAsync(process.StandardInput, input ?? [], limit.Token);
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
