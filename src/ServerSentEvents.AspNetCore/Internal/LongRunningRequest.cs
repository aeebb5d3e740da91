using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The marks of a request that lasts as long as its client stays, for metrics and traces.</summary>
internal static class LongRunningRequest
{
    /// <summary>Marks a request as long-running, so that its duration does not count as a response time.</summary>
    internal static void Mark(HttpContext context)
    {
#if NET9_0_OR_GREATER
        // Removes the request from http.server.request.duration. It stays in http.server.active_requests.
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
            metrics.MetricsDisabled = true;
#endif
        // SignalR sets this tag too. Monitoring tools such as Application Insights know it.
        context.Features.Get<IHttpActivityFeature>()?.Activity.SetTag("http.long_running", "true");
    }
}
