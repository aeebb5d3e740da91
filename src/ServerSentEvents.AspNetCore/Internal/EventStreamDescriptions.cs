using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The provider that removes the HEAD operations of mapped endpoints from OpenAPI documents. Otherwise, the document would
/// contain each operation id twice.
/// </summary>
internal sealed class EventStreamDescriptions : IApiDescriptionProvider
{
    /// <summary>Gets the order: after the providers of the framework, which have negative orders.</summary>
    public int Order => 0;

    /// <inheritdoc/>
    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        for (var i = context.Results.Count - 1; i >= 0; i--)
        {
            var description = context.Results[i];
            if (HttpMethods.IsHead(description.HttpMethod ?? "")
                && description.ActionDescriptor.EndpointMetadata.OfType<EventStreamMetadata.MappedEndpoint>().Any())
            {
                context.Results.RemoveAt(i);
            }
        }
    }

    /// <inheritdoc/>
    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
    }
}
