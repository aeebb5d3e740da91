using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client in a process that ends when its standard input is closed.</summary>
internal sealed class ProcessClient : StreamClient
{
    private readonly Process _process;
    private readonly Task _reading;

    internal ProcessClient(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _reading.WaitAsync(Limits.Patience);
        _process.Dispose();
    }

    private protected override async Task EndAsync()
    {
        _process.StandardInput.Close();
        await _reading.WaitAsync(Limits.Patience);
    }

    private async Task ReadAsync()
    {
        var errors = _process.StandardError.ReadToEndAsync();
        try
        {
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
                Add(line);
            await _process.WaitForExitAsync();
            Complete(_process.ExitCode == 0 ? null : new InvalidOperationException($"The client has failed: {await errors}"));
        }
        catch (Exception e)
        {
            // A line that is not JSON, for example. The test gets the exception at its next read.
            Complete(e);
        }
    }
}
