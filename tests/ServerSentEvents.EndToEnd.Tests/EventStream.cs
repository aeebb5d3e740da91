using System.Net;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A stream of events over HTTP, read by the BCL's own parser; nothing here can wait for ever.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private EventStream(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _events = SseParser.Create(body).EnumerateAsync().GetAsyncEnumerator();
    }

    /// <summary>Returns as soon as the headers are there, and checks them.</summary>
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

    /// <summary>The next event, which has to come.</summary>
    internal async Task<SseItem<string>> NextAsync() =>
        await TryNextAsync() ?? throw new InvalidOperationException("The stream has ended.");

    /// <summary>The next event; null where the stream has ended.</summary>
    internal async Task<SseItem<string>?> TryNextAsync() =>
        await _events.MoveNextAsync().AsTask().WaitAsync(Limits.Patience) ? _events.Current : null;

    /// <summary>The next event of this type, which has to come.</summary>
    internal async Task<string> NextAsync(string type)
    {
        while (true)
        {
            if (await NextAsync() is var item && item.EventType == type)
                return item.Data;
        }
    }

    /// <summary>The end of the stream, after any events; a connection that is cut is no end, and throws.</summary>
    internal async Task ShouldEndAsync()
    {
        while (await _events.MoveNextAsync().AsTask().WaitAsync(Limits.Patience))
        {
            // What was on its way may come first.
        }
    }

    /// <summary>Goes away, as a client does whose page is closed.</summary>
    public ValueTask DisposeAsync()
    {
        _response.Dispose();
        return ValueTask.CompletedTask;
    }
}
