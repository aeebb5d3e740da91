using System.Net;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>
/// A client of one connection that reads line by line, for tests of headers, bytes and ends. Every wait has a limit. Tests of
/// events across connections use the EventStreamClient of ServerSentEvents.Client.
/// </summary>
internal sealed class LineClient : IDisposable
{
    private readonly StreamReader _lines;

    private LineClient(HttpResponseMessage response, Stream body)
    {
        Response = response;
        _lines = new StreamReader(body);
    }

    internal HttpResponseMessage Response { get; }

    internal static Task<LineClient> OpenAsync(HttpClient client, string path) =>
        OpenAsync(client, new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Sends a request, and returns when the headers have arrived.</summary>
    internal static async Task<LineClient> OpenAsync(HttpClient client, HttpRequestMessage request)
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);
        return await OfAsync(response);
    }

    internal static async Task<LineClient> OfAsync(HttpResponseMessage response)
    {
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        return new LineClient(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Reads the next line. Fails if the stream ends.</summary>
    internal async Task<string> NextLineAsync() =>
        await _lines.ReadLineAsync().WaitAsync(Limits.Patience) ?? throw new InvalidOperationException("The stream has ended.");

    /// <summary>Reads the next line of data. Other lines are skipped.</summary>
    internal async Task<string> NextDataAsync()
    {
        while (true)
        {
            if (await NextLineAsync() is var line && line.StartsWith("data: ", StringComparison.Ordinal))
                return line["data: ".Length..];
        }
    }

    /// <summary>
    /// Reads the rest of the stream, without the empty comment at the start of a stream that begins with nothing else. Throws if
    /// the connection is aborted.
    /// </summary>
    internal async Task<string> RestAsync()
    {
        var text = await _lines.ReadToEndAsync().WaitAsync(Limits.Patience);
        return text.StartsWith(":\n", StringComparison.Ordinal) ? text[2..] : text;
    }

    /// <summary>Disconnects, as a browser does when its page is closed.</summary>
    public void Dispose()
    {
        Response.Dispose();
        _lines.Dispose();
    }
}
