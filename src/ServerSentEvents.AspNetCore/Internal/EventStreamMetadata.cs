using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.OutputCaching;
#if NET9_0_OR_GREATER
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
#endif

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The metadata of endpoints that answer with a stream, for OpenAPI and for middleware.</summary>
internal static class EventStreamMetadata
{
    /// <summary>Describes the endpoint of a handler that returns a result.</summary>
    internal static void AddTo(EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status200OK, typeof(string), [EventStreamHeaders.ContentType]));
        // Otherwise, the output cache would send the recorded stream of one client to others, which would wait for its end.
        builder.Metadata.Add(new OutputCacheAttribute { NoStore = true });
#if NET10_0_OR_GREATER
        builder.Metadata.Add(NoLoginRedirect.Instance);
#endif
    }

    /// <summary>
    /// Switches the default request timeout off, unless the application has set a timeout for this endpoint. After the 504 of a timeout, an
    /// <c>EventSource</c> does not reconnect.
    /// </summary>
    internal static void DisableRequestTimeout(EndpointBuilder builder)
    {
        if (!builder.Metadata.Any(static data => data is RequestTimeoutAttribute or RequestTimeoutPolicy))
            builder.Metadata.Add(new DisableRequestTimeoutAttribute());
    }

    /// <summary>Describes a mapped endpoint, whose method has no parameters that describe the route.</summary>
    internal static void AddTo(EndpointBuilder builder, MethodInfo method)
    {
        // OpenAPI describes only endpoints with a MethodInfo.
        builder.Metadata.Add(method);
        AddTo(builder);
#if NET9_0_OR_GREATER
        foreach (var parameter in ((RouteEndpointBuilder)builder).RoutePattern.Parameters)
            builder.Metadata.Add(new RouteParameter(parameter, method));
#endif
    }

#if NET10_0_OR_GREATER
    /// <summary>Metadata that makes cookie authentication answer 401 or 403, because a client of events cannot use a login page.</summary>
    private sealed class NoLoginRedirect : IDisableCookieRedirectMetadata
    {
        internal static readonly NoLoginRedirect Instance = new();
    }
#endif
}
