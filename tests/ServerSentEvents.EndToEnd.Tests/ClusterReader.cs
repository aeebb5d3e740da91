using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client of the cluster without a browser. It reconnects with the id of the last event, as a browser does.</summary>
internal sealed class ClusterReader : IAsyncDisposable
{
    private readonly ClusterServer _cluster;
    private readonly string _member;
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private HttpClient? _client;
    private EventStream? _stream;
    private string? _lastEventId;

    private ClusterReader(ClusterServer cluster, string member) => (_cluster, _member) = (cluster, member);

    /// <summary>The node that serves this client.</summary>
    internal string Node { get; private set; } = "";

    internal string Run { get; private set; } = "";

    /// <summary>The result of each resume.</summary>
    internal List<string> Welcomes { get; } = [];

    /// <summary>The ids of all events from the broker, in order.</summary>
    internal List<string> EventIds { get; } = [];

    /// <summary>The messages as the page shows them. A message that was posted twice is here once.</summary>
    internal List<JsonElement> Messages { get; } = [];

    internal IEnumerable<string> Texts => Messages.Select(message => message.GetProperty("text").GetString()!);

    /// <summary>Connects, and returns when the client knows its node.</summary>
    internal static async Task<ClusterReader> OpenAsync(ClusterServer cluster, string member = "reader")
    {
        var reader = new ClusterReader(cluster, member);
        await reader.ReadUntilAsync(() => reader.Welcomes.Count == 1);
        return reader;
    }

    /// <summary>Connects until a node of a name serves the client. The nodes take connections in turn.</summary>
    internal static async Task<ClusterReader> OpenAtAsync(ClusterServer cluster, string node, string member = "reader")
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (true)
        {
            var reader = await OpenAsync(cluster, member);
            if (reader.Node == node)
                return reader;
            await reader.DisposeAsync();
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    internal Task ReadToAsync(string text) => ReadUntilAsync(() => Texts.Contains(text));

    internal async Task ReadUntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            try
            {
                _stream ??= await ConnectAsync();
                if (await _stream.TryNextAsync() is { } item)
                    Take(item);
                else
                    await DisposeAsync();
            }
            catch (HttpRequestException)
            {
                await DisposeAsync();
            }
            catch (IOException)
            {
                await DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
            await _stream.DisposeAsync();
        _client?.Dispose();
        (_stream, _client) = (null, null);
    }

    private async Task<EventStream> ConnectAsync()
    {
        _client = _cluster.NewClient();
        if (_lastEventId is not null)
            _client.DefaultRequestHeaders.Add("Last-Event-ID", _lastEventId);
        return await EventStream.OpenAsync(_client, $"events?member={_member}");
    }

    private void Take(SseItem<string> item)
    {
        if (item.EventId is { Length: > 0 } id)
            _lastEventId = id;
        var data = JsonDocument.Parse(item.Data).RootElement;
        switch (item.EventType)
        {
            case "welcome":
                Node = data.GetProperty("node").GetString()!;
                Run = data.GetProperty("run").GetString()!;
                Welcomes.Add(data.GetProperty("how").GetString()!);
                break;
            case "message":
                EventIds.Add(IdOf(item));
                if (_ids.Add(data.GetProperty("id").GetString()!))
                    Messages.Add(data);
                break;
            default:
                // An event that stops a node.
                break;
        }
    }

    private static string IdOf(SseItem<string> item) =>
        item.EventId ?? throw new InvalidOperationException($"What comes from the stream has an id, and this has none: {item.Data}");
}
