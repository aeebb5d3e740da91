using System.Net;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A client that reads its stream line by line; nothing here can wait for ever.</summary>
internal sealed class EventStreamClient : IDisposable
{
    private readonly StreamReader _lines;

    private EventStreamClient(HttpResponseMessage response, Stream body)
    {
        Response = response;
        _lines = new StreamReader(body);
    }

    internal HttpResponseMessage Response { get; }

    internal static Task<EventStreamClient> OpenAsync(HttpClient client, string path) =>
        OpenAsync(client, new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Returns as soon as the headers are there.</summary>
    internal static async Task<EventStreamClient> OpenAsync(HttpClient client, HttpRequestMessage request)
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Streams.Limit);
        return await OfAsync(response);
    }

    internal static async Task<EventStreamClient> OfAsync(HttpResponseMessage response)
    {
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        return new EventStreamClient(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next line, which has to come.</summary>
    internal async Task<string> NextLineAsync() =>
        await _lines.ReadLineAsync().WaitAsync(Streams.Limit) ?? throw new InvalidOperationException("The stream has ended.");

    /// <summary>The data of the next event that has any; an event of several lines is several.</summary>
    internal async Task<string> NextDataAsync()
    {
        while (true)
        {
            if (await NextLineAsync() is var line && line.StartsWith("data: ", StringComparison.Ordinal))
                return line["data: ".Length..];
        }
    }

    /// <summary>All that comes until the end; a connection that is cut is no end, and throws.</summary>
    internal Task<string> RestAsync() => _lines.ReadToEndAsync().WaitAsync(Streams.Limit);

    /// <summary>Goes away, as a client does whose page is closed.</summary>
    public void Dispose()
    {
        Response.Dispose();
        _lines.Dispose();
    }
}
