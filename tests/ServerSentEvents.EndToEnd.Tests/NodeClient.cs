using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client from npm, in a node process that ends when its standard input is closed.</summary>
internal sealed class NodeClient : StreamClient
{
    private readonly Process _process;
    private readonly Task _reading;

    private NodeClient(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    internal static async Task<StreamClient> StartAsync(ClientScripts scripts, string package, Uri events) =>
        new NodeClient(await scripts.StartAsync("read.mjs", package, events.ToString()));

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
            Complete(_process.ExitCode == 0 ? null : new InvalidOperationException($"node has failed: {await errors}"));
        }
        catch (Exception e)
        {
            // A line that is not JSON, for example. The test gets the exception at its next read.
            Complete(e);
        }
    }
}
