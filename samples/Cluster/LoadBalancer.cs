using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Cluster;

/// <summary>The load balancer of the sample. It starts two nodes, and gives each new connection to the next one.</summary>
internal static class LoadBalancer
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);

    public static WebApplication Build(WebApplicationBuilder builder, Broker broker)
    {
        NodeProcess[] nodes = [new("A", broker), new("B", broker)];
        var connections = 0;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Use(next => async connection =>
            {
                var turn = Interlocked.Increment(ref connections);
                using var node = await ConnectAsync([.. nodes.Skip(turn % nodes.Length), .. nodes], connection.ConnectionClosed);
                await (node is null ? next(connection) : ForwardAsync(connection, node));
            })));

        var app = builder.Build();
        app.Lifetime.ApplicationStopping.Register(() => Task.WaitAll(nodes.Select(node => node.StopAsync(StopTimeout))));
        app.Run(context => AnswerWithoutNodesAsync(context, broker));
        return app;
    }

    private static async Task<NetworkStream?> ConnectAsync(NodeProcess[] nodes, CancellationToken cancellationToken)
    {
        foreach (var node in nodes.Where(node => node.Address is not null))
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, node.Address!.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    /// <summary>Copies bytes both ways until one side ends.</summary>
    private static async Task ForwardAsync(ConnectionContext connection, NetworkStream node)
    {
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        var toNode = connection.Transport.Input.CopyToAsync(node, closing.Token);
        var toClient = node.CopyToAsync(connection.Transport.Output.AsStream(leaveOpen: true), closing.Token);
        await Task.WhenAny(toNode, toClient);
        await closing.CancelAsync();
        await Task.WhenAll(toNode, toClient).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Answers a person with a page that says what is missing. A stream gets no answer, because a browser retries after a
    /// broken connection, and gives up after an error status.
    /// </summary>
    private static async Task AnswerWithoutNodesAsync(HttpContext context, Broker broker)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.Connection = "close";
        context.Response.Headers["Refresh"] = "1";
        await context.Response.WriteAsync($"No node is ready yet. This page loads again every second.\n\n{broker.Advice}\n");
    }
}

/// <summary>A node: this program in another process.</summary>
internal sealed class NodeProcess
{
    private readonly Process _process;
    private volatile Uri? _address;

    public NodeProcess(string name, Broker broker)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // The program can run by the host "dotnet", which needs its path.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        foreach (var argument in (string[])["--node", name, "--urls", "http://127.0.0.1:0", "--broker", broker.Address.OriginalString])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _ = ReadAddressAsync(name);
    }

    /// <summary>The address of the node; null until it is ready.</summary>
    public Uri? Address => _address;

    public async Task StopAsync(TimeSpan timeout)
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(timeout);
        await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAddressAsync(string name)
    {
        if (await _process.StandardOutput.ReadLineAsync() is not { } line)
            return;
        _address = new Uri(line);
        Console.WriteLine($"Node {name} is ready, process {_process.Id}.");
    }
}
