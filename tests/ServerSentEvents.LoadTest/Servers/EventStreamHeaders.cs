namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The headers that every server sends, so that all servers do the same work.</summary>
internal static class EventStreamHeaders
{
    internal static void Set(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store, no-transform";
        response.Headers.ContentEncoding = "identity";
        response.Headers["X-Accel-Buffering"] = "no";
    }
}
