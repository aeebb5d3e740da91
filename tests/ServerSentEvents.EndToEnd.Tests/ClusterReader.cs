using System.Net.ServerSentEvents;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client of the cluster without a browser, which comes back as one does: with the id of the last event that it had.</summary>
internal sealed class ClusterReader : IAsyncDisposable
{
    private readonly ClusterServer _cluster;
    private readonly string _member;
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private HttpClient? _client;
    private EventStream? _stream;
    private string? _lastEventId;

    private ClusterReader(ClusterServer cluster, string member) => (_cluster, _member) = (cluster, member);

    /// <summary>The node that serves it.</summary>
    internal string Node { get; private set; } = "";

    internal string Run { get; private set; } = "";

    /// <summary>How each of its streams began.</summary>
    internal List<string> Welcomes { get; } = [];

    /// <summary>The ids of all events of the stream that it has had, in their order.</summary>
    internal List<string> EventIds { get; } = [];

    /// <summary>The messages as the page shows them: one that was posted twice stands there once.</summary>
    internal List<JsonElement> Messages { get; } = [];

    /// <summary>What the nodes have told of themselves.</summary>
    internal List<(string Node, string What)> Notices { get; } = [];

    internal IEnumerable<string> Texts => Messages.Select(message => message.GetProperty("text").GetString()!);

    /// <summary>Returns when it knows its node.</summary>
    internal static async Task<ClusterReader> OpenAsync(ClusterServer cluster, string member = "reader")
    {
        var reader = new ClusterReader(cluster, member);
        await reader.ReadUntilAsync(() => reader.Welcomes.Count == 1);
        return reader;
    }

    /// <summary>The nodes take connections in turn; but not for ever, if one is missing.</summary>
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
            case "notice":
                EventIds.Add(IdOf(item));
                Notices.Add((data.GetProperty("node").GetString()!, data.GetProperty("what").GetString()!));
                break;
            case "message":
                EventIds.Add(IdOf(item));
                if (_ids.Add(data.GetProperty("id").GetString()!))
                    Messages.Add(data);
                break;
            default:
                // What a node says by itself has no id. The parser may give it one, that of the block with which a stream
                // begins that resumes: it is the client's position, and no event's.
                break;
        }
    }

    private static string IdOf(SseItem<string> item) =>
        item.EventId ?? throw new InvalidOperationException($"What comes from the stream has an id, and this has none: {item.Data}");
}
