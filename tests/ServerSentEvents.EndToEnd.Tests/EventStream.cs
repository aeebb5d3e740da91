using System.Net;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// An event stream over one connection, read by the parser of the BCL. Each wait has a time limit. A client that reconnects
/// would hide the headers and the end of the stream, which tests check.
/// </summary>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private EventStream(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _events = SseParser.Create(body).EnumerateAsync().GetAsyncEnumerator();
    }

    /// <summary>Opens a stream, and checks the headers as soon as they arrive.</summary>
    internal static async Task<EventStream> OpenAsync(HttpClient client, string path)
    {
        var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        response.Headers.GetValues("Cache-Control").SelectMany(value => value.Split(", "))
            .Should().BeEquivalentTo("no-cache", "no-store", "no-transform");
        response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Returns the next event. Throws if the stream ends.</summary>
    internal async Task<SseItem<string>> NextAsync() =>
        await TryNextAsync() ?? throw new InvalidOperationException("The stream has ended.");

    /// <summary>Returns the next event, or null if the stream has ended.</summary>
    internal async Task<SseItem<string>?> TryNextAsync() =>
        await _events.MoveNextAsync().AsTask().WaitAsync(Limits.Patience) ? _events.Current : null;

    /// <summary>Returns the data of the next event of a type, and skips other events. Throws if the stream ends.</summary>
    internal async Task<string> NextAsync(string type)
    {
        while (true)
        {
            if (await NextAsync() is var item && item.EventType == type)
                return item.Data;
        }
    }

    /// <summary>Reads events until the stream ends. Throws if the connection is cut.</summary>
    internal async Task ShouldEndAsync()
    {
        while (await _events.MoveNextAsync().AsTask().WaitAsync(Limits.Patience))
        {
            // Events that were on their way may come first.
        }
    }

    /// <summary>Disconnects, as a browser does when its page is closed.</summary>
    public ValueTask DisposeAsync()
    {
        _response.Dispose();
        return ValueTask.CompletedTask;
    }
}
