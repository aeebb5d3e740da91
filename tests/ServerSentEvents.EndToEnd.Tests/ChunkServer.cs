using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Sends each stream in chunks, with a flush after each chunk.</summary>
internal sealed class ChunkServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ChunkServer(IReadOnlyList<RandomStream> streams)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapGet("/", () => Results.Content("<!doctype html><title>Parser</title>", "text/html"));
        _app.MapGet("/stream/{number}", async (int number, HttpResponse response, CancellationToken aborted) =>
        {
            response.ContentType = "text/event-stream";
            foreach (var chunk in streams[number].Chunks)
            {
                await response.Body.WriteAsync(streams[number].Bytes.AsMemory(chunk), aborted);
                await response.Body.FlushAsync(aborted);
            }
        });
    }

    internal Uri Address => new(_app.Urls.Single());

    internal static async Task<ChunkServer> StartAsync(IReadOnlyList<RandomStream> streams)
    {
        var server = new ChunkServer(streams);
        await server._app.StartAsync().WaitAsync(Limits.Patience);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
