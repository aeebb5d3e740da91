using System.Diagnostics;

namespace Cluster;

/// <summary>A node, which is a process of its own, and started again when it has ended.</summary>
internal sealed class NodeProcess(string name, Uri broker)
{
    /// <summary>Long enough to see a page at the other node, and that one alone.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>When a person is told what may be missing.</summary>
    private static readonly TimeSpan UsuallyReadyWithin = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(3);

    private static readonly HttpClient Client = new();

    private volatile Uri? _address;

    /// <summary>Where it listens, as long as it is fit for clients.</summary>
    public Uri? Address => _address;

    /// <param name="starting">Held by a node that is not ready yet.</param>
    /// <param name="findPeer">Says where another node listens, if there is one.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task RunAsync(SemaphoreSlim starting, Func<Uri?> findPeer, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await RunOnceAsync(starting, findPeer, stopping);
                Console.WriteLine($"Node {name} has ended, and starts again in {Pause.TotalSeconds} seconds.");
                await Task.Delay(Pause, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // As it should be.
        }
    }

    private async Task RunOnceAsync(SemaphoreSlim starting, Func<Uri?> findPeer, CancellationToken stopping)
    {
        await starting.WaitAsync(stopping);
        var isStarting = true;
        using var process = Start(findPeer());
        using var patience = new CancellationTokenSource(UsuallyReadyWithin);
        patience.Token.Register(() => Console.WriteLine($"Node {name} is not ready yet. {NodeProcesses.AdviceFor(broker)}"));
        try
        {
            if (await process.StandardOutput.ReadLineAsync(stopping) is { } line)
                await UntilReadyAsync(process, new Uri(line), stopping);
            starting.Release();
            isStarting = false;
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            await process.WaitForExitAsync(stopping);
        }
        finally
        {
            if (isStarting)
                starting.Release();
            _address = null;
            await EndAsync(process);
        }
    }

    /// <summary>This very program. Where it runs by the host named dotnet, that has to be told which.</summary>
    private Process Start(Uri? peer)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        foreach (var argument in (string[])["--node", name, "--urls", "http://127.0.0.1:0", "--broker", broker.OriginalString])
            start.ArgumentList.Add(argument);
        if (peer is not null)
        {
            start.ArgumentList.Add("--peer");
            start.ArgumentList.Add(peer.ToString());
        }

        return Process.Start(start)!;
    }

    private async Task UntilReadyAsync(Process process, Uri address, CancellationToken stopping)
    {
        while (!process.HasExited)
        {
            if (await IsHealthyAsync(address, stopping))
            {
                _address = address;
                Console.WriteLine($"Node {name} is ready, process {process.Id}.");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), stopping);
        }
    }

    private static async Task<bool> IsHealthyAsync(Uri address, CancellationToken stopping)
    {
        try
        {
            using var health = await Client.GetAsync(new Uri(address, "health"), stopping);
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>A node stops by itself when nobody holds its standard input open any more, as after a crash of ours.</summary>
    private static async Task EndAsync(Process process)
    {
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(StopsWithin);
        await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!process.HasExited)
            process.Kill();
    }
}
