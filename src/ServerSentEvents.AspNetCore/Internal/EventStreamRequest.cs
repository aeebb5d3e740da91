using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The headers and the query that clients of event streams send.</summary>
internal static class EventStreamRequest
{
    private static readonly string[] QueryNames = ["lastEventId", "Last-Event-ID"];

    /// <summary>
    /// Returns false if the <c>Accept</c> header excludes event streams. A request without a valid <c>Accept</c> header accepts
    /// everything (RFC 9110, section 12.5.1).
    /// </summary>
    internal static bool Accepts(HttpRequest request)
    {
        // Most clients other than browsers do not send the header, and browsers send this value.
        if (request.Headers.Accept.Count == 0 || request.Headers.Accept == EventStreamHeaders.ContentType)
            return true;
        // The lenient parser of ASP.NET Core takes time that grows with the square of the length of some invalid headers. The
        // strict one stops at the first error.
        if (!MediaTypeHeaderValue.TryParseStrictList(request.Headers.Accept, out var ranges))
            return true;
        // The most specific range that matches decides: "text/event-stream;q=0, */*" excludes streams.
        var best = ranges.Where(Matches).MaxBy(static range => range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2);
        return ranges.Count == 0 || best is { Quality: null or > 0 };
    }

    /// <summary>
    /// Returns the last event id of the client: the header's, else the application's, else the query's; null for none.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="fromOptions">The id that the application has set; null or empty for none.</param>
    /// <param name="acceptQuery">True to read the query, which polyfills of <c>EventSource</c> use.</param>
    internal static string? LastEventId(HttpRequest request, string? fromOptions, bool acceptQuery)
    {
        // After a reconnect, the id in the header is newer than the id in the URL of the page.
        if ((string?)request.Headers["Last-Event-ID"] is { Length: > 0 } fromHeader)
            return fromHeader;
        // Do not parse an empty query: the parsed form would stay in memory as long as the stream.
        if (!string.IsNullOrEmpty(fromOptions) || !acceptQuery || !request.QueryString.HasValue)
            return fromOptions;
        // A polyfill appends the newest id to a URL that may already have one.
        return QueryNames.Select(name => request.Query[name].LastOrDefault()).FirstOrDefault(id => !string.IsNullOrEmpty(id));
    }

    /// <summary>Returns whether a request has its connection to itself, as over HTTP/1.0 and HTTP/1.1.</summary>
    internal static bool IsHttp1(HttpRequest request) =>
        HttpProtocol.IsHttp11(request.Protocol) || HttpProtocol.IsHttp10(request.Protocol);

    private static bool Matches(MediaTypeHeaderValue range) =>
        range.MatchesAllTypes
        || (range.Type.Equals("text", StringComparison.OrdinalIgnoreCase)
            && (range.MatchesAllSubTypes || range.SubType.Equals("event-stream", StringComparison.OrdinalIgnoreCase)));
}
