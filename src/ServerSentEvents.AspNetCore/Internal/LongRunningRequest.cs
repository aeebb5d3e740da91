using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The marks of a request that lasts as long as its client stays, for metrics and traces.</summary>
internal static class LongRunningRequest
{
    /// <summary>Tags the activity of a request as long-running.</summary>
    internal static void MarkTrace(HttpContext context) =>
        // SignalR sets this tag too. Monitoring tools such as Application Insights know it.
        context.Features.Get<IHttpActivityFeature>()?.Activity.SetTag("http.long_running", "true");

    /// <summary>
    /// Removes a request whose response has begun from http.server.request.duration, so that its duration does not count as a response
    /// time. It stays in http.server.active_requests.
    /// </summary>
    internal static void LeaveOutOfMetrics(HttpContext context)
    {
#if NET9_0_OR_GREATER
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
            metrics.MetricsDisabled = true;
#endif
    }
}
