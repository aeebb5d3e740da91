using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The status and the headers of a stream, which are set before its first byte.</summary>
internal static class EventStreamHeaders
{
    internal const string ContentType = "text/event-stream";

    /// <summary>Sets the status and the headers, and keeps servers, middleware and proxies from buffering or ending the stream.</summary>
    internal static void Prepare(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        if (!IsEventStream(response.ContentType))
            response.ContentType = ContentType;
        // With a length that middleware has set, the server would refuse to send more bytes.
        response.ContentLength = null;
        response.Headers.CacheControl = "no-cache, no-store, no-transform";
        response.Headers.ContentEncoding = "identity";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        // Otherwise, the output cache would record the stream of one client and send it to others.
        if (context.Features.Get<IOutputCacheFeature>() is { } outputCache)
            outputCache.Context.AllowCacheStorage = false;
    }

    /// <summary>Sets the status of an answer without a stream. No cache may give it to another client, or later.</summary>
    internal static void Refuse(HttpResponse response, int status)
    {
        response.StatusCode = status;
        if (StringValues.IsNullOrEmpty(response.Headers.CacheControl))
            response.Headers.CacheControl = "no-store";
    }

    /// <summary>
    /// Returns whether a content type is that of a stream. The application may add <c>charset=utf-8</c>, because some clients read a
    /// stream without it as ISO-8859-1.
    /// </summary>
    private static bool IsEventStream(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(ContentType, StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
