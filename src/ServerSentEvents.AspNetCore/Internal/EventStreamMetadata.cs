using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>What an endpoint that answers with a stream says of itself, to OpenAPI and to middleware.</summary>
internal static class EventStreamMetadata
{
    internal static void AddTo(EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status200OK, typeof(string), [EventStreamResponse.ContentType]));
        // What the output cache has recorded of one client's stream, it would send to another.
        builder.Metadata.Add(new OutputCacheAttribute { NoStore = true });
    }
}
