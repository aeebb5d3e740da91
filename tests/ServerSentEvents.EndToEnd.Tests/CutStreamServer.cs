using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Sends a stream in two parts. Sends the second part after the browser's network log says that the page has the first part,
/// so no buffer on the way can join the two parts.
/// </summary>
internal sealed class CutStreamServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    /// <summary>For each cut, a task that completes when the page has all bytes before the cut.</summary>
    private readonly TaskCompletionSource[] _arrived;

    /// <summary>For each request, the place of the cut and the number of missing bytes before the cut.</summary>
    private readonly ConcurrentDictionary<string, (int Cut, int Missing)> _requests = new(StringComparer.Ordinal);

    private CutStreamServer(byte[] stream)
    {
        _arrived = [.. stream.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapGet("/", () => Results.Content("<!doctype html><title>Parser</title>", "text/html"));
        _app.MapGet("/stream", async (int cut, HttpResponse response, CancellationToken aborted) =>
        {
            response.ContentType = "text/event-stream";
            await response.Body.WriteAsync(stream.AsMemory(..cut), aborted);
            await response.Body.FlushAsync(aborted);
            await _arrived[cut].Task.WaitAsync(Limits.Patience, aborted);
            await response.Body.WriteAsync(stream.AsMemory(cut..), aborted);
        });
    }

    internal Uri Address => new(_app.Urls.Single());

    /// <summary>The number of streams that came in two parts.</summary>
    internal int CutStreams => _arrived.Count(arrived => arrived.Task.IsCompletedSuccessfully);

    internal static async Task<CutStreamServer> StartAsync(byte[] stream)
    {
        var server = new CutStreamServer(stream);
        await server._app.StartAsync().WaitAsync(Limits.Patience);
        return server;
    }

    /// <summary>Starts to read the browser's network log of a page.</summary>
    internal async Task WatchAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        session.Event("Network.requestWillBeSent").OnEvent += (_, sent) => OnSent(sent!.Value);
        session.Event("Network.dataReceived").OnEvent += (_, data) => OnReceived(data!.Value);
        await session.SendAsync("Network.enable");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void OnSent(JsonElement sent)
    {
        var query = new Uri(sent.GetProperty("request").GetProperty("url").GetString()!).Query;
        if (int.TryParse(query.Replace("?cut=", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var cut))
            _requests[IdOf(sent)] = (cut, cut);
    }

    private void OnReceived(JsonElement data)
    {
        if (!_requests.TryGetValue(IdOf(data), out var request))
            return;
        request.Missing -= data.GetProperty("dataLength").GetInt32();
        _requests[IdOf(data)] = request;
        if (request.Missing == 0)
            _arrived[request.Cut].TrySetResult();
    }

    private static string IdOf(JsonElement message) => message.GetProperty("requestId").GetString()!;
}
