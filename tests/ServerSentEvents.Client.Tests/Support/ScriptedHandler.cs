using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace ServerSentEvents.Client.Tests;

/// <summary>A server in memory. It answers each request by the next step of its script, and then by 204.</summary>
internal sealed class ScriptedHandler(params Func<SentRequest, CancellationToken, Task<HttpResponseMessage>>[] script) : HttpMessageHandler
{
    internal ConcurrentQueue<SentRequest> Requests { get; } = new();

    /// <summary>The bodies of all responses.</summary>
    internal ConcurrentQueue<ScriptedBody> Bodies { get; } = new();

    internal static ScriptedHandler Of(params string[] streams) => new([.. streams.Select(stream => Stream(stream))]);

    /// <summary>Returns a step that answers with a whole stream.</summary>
    internal static Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> Stream(string stream) =>
        Body(() => new ScriptedBody([Encoding.UTF8.GetBytes(stream)]));

    internal static Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> Body(Func<ScriptedBody> newBody) =>
        (_, _) => Task.FromResult(Response(newBody()));

    /// <summary>Returns a step that answers with a status and no body.</summary>
    internal static Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> Status(
        int status, Action<HttpResponseMessage>? configure = null) => (_, _) =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status);
        configure?.Invoke(response);
        return Task.FromResult(response);
    };

    internal static Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> Failure(Exception exception) =>
        (_, _) => Task.FromException<HttpResponseMessage>(exception);

    internal static HttpResponseMessage Response(ScriptedBody body, string contentType = "text/event-stream")
    {
        var content = new ScriptedContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return new(HttpStatusCode.OK) { Content = content };
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = new SentRequest(
            request.Method,
            request.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value)),
            request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
        Requests.Enqueue(sent);
        var step = Requests.Count <= script.Length ? script[Requests.Count - 1] : Status(204);
        var response = await step(sent, cancellationToken);
        response.RequestMessage = request;
        if (response.Content is ScriptedContent content)
            Bodies.Enqueue(content.Body);
        return response;
    }

    private sealed class ScriptedContent(ScriptedBody body) : StreamContent(body)
    {
        internal ScriptedBody Body { get; } = body;
    }
}

/// <summary>A request as it was sent.</summary>
internal sealed record SentRequest(HttpMethod Method, Dictionary<string, string> Headers, string Body)
{
    internal string? LastEventId => Headers.GetValueOrDefault("Last-Event-ID");
}
