using System.Net.ServerSentEvents;
using System.Text.Json;
using ServerSentEvents.Client;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client of the cluster without a browser. It reconnects and resumes as a browser does.</summary>
internal sealed class ClusterReader : IAsyncDisposable
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly HttpClient _http;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private ClusterReader(ClusterServer cluster, string pageSecret)
    {
        _http = cluster.NewClient();
        _http.Timeout = Timeout.InfiniteTimeSpan;
        _events = new EventStreamClient(_http).ReadAsync(new Uri(cluster.Address, $"events?pageSecret={pageSecret}")).GetAsyncEnumerator();
    }

    /// <summary>The node that serves this client.</summary>
    internal string Node { get; private set; } = "";

    internal string NodeId { get; private set; } = "";

    /// <summary>The result of each resume.</summary>
    internal List<string> Welcomes { get; } = [];

    /// <summary>The ids of all messages, in order.</summary>
    internal List<string> EventIds { get; } = [];

    /// <summary>The messages as the page shows them. A message that was posted twice occurs once.</summary>
    internal List<JsonElement> Messages { get; } = [];

    internal IEnumerable<string> Texts => Messages.Select(message => message.GetProperty("text").GetString()!);

    /// <summary>Connects again until the named node serves the client. The nodes take connections in turn.</summary>
    internal static async Task<ClusterReader> OpenAtAsync(ClusterServer cluster, string node, string pageSecret = "reader")
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (true)
        {
            var reader = new ClusterReader(cluster, pageSecret);
            await reader.ReadUntilAsync(() => reader.Welcomes.Count == 1);
            if (reader.Node == node)
                return reader;
            await reader.DisposeAsync();
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    internal Task ReadToAsync(string text) => ReadUntilAsync(() => Texts.Contains(text));

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _http.Dispose();
    }

    private async Task ReadUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            (await _events.MoveNextAsync().AsTask().WaitAsync(Limits.Patience)).Should().BeTrue();
            Take(_events.Current);
        }
    }

    private void Take(SseItem<string> item)
    {
        var data = JsonDocument.Parse(item.Data).RootElement;
        switch (item.EventType)
        {
            case "welcome":
                Node = data.GetProperty("node").GetString()!;
                NodeId = data.GetProperty("nodeId").GetString()!;
                Welcomes.Add(data.GetProperty("how").GetString()!);
                break;
            case "message":
                EventIds.Add(item.EventId!);
                if (_ids.Add(data.GetProperty("id").GetString()!))
                    Messages.Add(data);
                break;
            default:
                // This event stops a node.
                break;
        }
    }
}
