using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The load balancer of the cluster, which starts the nodes.</summary>
internal sealed partial class ClusterServer : IDisposable
{
    private readonly SampleServer _loadBalancer;
    private readonly HttpClient _client;

    private ClusterServer(SampleServer loadBalancer) => (_loadBalancer, _client) = (loadBalancer, loadBalancer.NewClient());

    internal Uri Address => _loadBalancer.Address;

    internal string Output => _loadBalancer.Output;

    /// <summary>Starts the sample, and returns when both nodes are ready.</summary>
    internal static async Task<ClusterServer> StartAsync(SingleBroker broker)
    {
        RabbitMQPrograms.Require();
        return await StartReadyAsync($"amqp://guest:guest@127.0.0.1:{broker.Nodes[0].Port}");
    }

    /// <inheritdoc cref="StartAsync(SingleBroker)"/>
    internal static async Task<ClusterServer> StartReadyAsync(string broker)
    {
        var cluster = await StartAsync(broker);
        try
        {
            await Limits.UntilAsync(() => NodeReady().Count(cluster.Output) == 2);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Starts the sample without waiting for the nodes.</summary>
    internal static async Task<ClusterServer> StartAsync(string broker) =>
        new(await SampleServer.StartAsync("Cluster", port: 0, "--broker", broker));

    internal Task UntilNodesHaveEndedAsync() => Limits.UntilAsync(() => !NodeReady().Matches(Output)
        .Any(match => IsRunning(int.Parse(match.Groups["process"].Value, CultureInfo.InvariantCulture))));

    internal HttpClient NewClient() => _loadBalancer.NewClient();

    /// <summary>Posts a message, and repeats it with the same id until a node accepts it, as the page does.</summary>
    internal async Task SayAsync(string text, string pageSecret = "writer")
    {
        var id = Guid.NewGuid().ToString("N");
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (!await TryPostAsync("messages", new { pageSecret, id, name = "Ann", text }))
            limit.Token.ThrowIfCancellationRequested();
    }

    internal async Task StopNodeAsync(ClusterReader reader)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (!await TryPostAsync($"nodes/{reader.NodeId}/stop", new { }))
            limit.Token.ThrowIfCancellationRequested();
    }

    internal Task StopAsync() => _loadBalancer.StopAsync();

    internal Task KillAsync() => _loadBalancer.KillAsync();

    public void Dispose()
    {
        _client.Dispose();
        _loadBalancer.Dispose();
    }

    private async Task<bool> TryPostAsync(string path, object body)
    {
        try
        {
            using var response = await _client.PostAsJsonAsync(path, body);
            if ((int)response.StatusCode < 500)
                response.EnsureSuccessStatusCode();
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException exception) when (exception.StatusCode is null)
        {
            // A node that has just stopped does not answer.
            return false;
        }
    }

    private static bool IsRunning(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"Node \w is ready, process (?<process>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NodeReady();
}
