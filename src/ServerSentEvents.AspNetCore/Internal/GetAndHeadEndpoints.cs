using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The endpoints of one route for GET and for HEAD, which have the same conventions. OpenAPI needs an endpoint with one method.
/// </summary>
internal sealed class GetAndHeadEndpoints : IEndpointConventionBuilder
{
    private static readonly string[] GetMethod = [HttpMethods.Get];
    private static readonly string[] HeadMethod = [HttpMethods.Head];

    /// <summary>The endpoint of GET.</summary>
    private readonly IEndpointConventionBuilder _get;

    /// <summary>The endpoint of HEAD. Its last convention is always <see cref="RemoveNames"/>.</summary>
    private readonly IEndpointConventionBuilder _head;

    internal GetAndHeadEndpoints(IEndpointRouteBuilder endpoints, string pattern, RequestDelegate handle)
    {
        _get = endpoints.MapMethods(pattern, GetMethod, handle);
        _head = endpoints.MapMethods(pattern, HeadMethod, handle);
        _get.Add(builder => EventStreamMetadata.AddTo(builder, handle.Method));
        _head.Add(AddHeadMetadata);
        Finally(EventStreamMetadata.DisableRequestTimeout);
    }

    /// <inheritdoc/>
    public void Add(Action<EndpointBuilder> convention)
    {
        _get.Add(convention);
        _head.Add(convention);
    }

    /// <inheritdoc/>
    public void Finally(Action<EndpointBuilder> finallyConvention)
    {
        _get.Finally(finallyConvention);
        _head.Finally(finallyConvention);
        _head.Finally(RemoveNames);
    }

    private static void AddHeadMetadata(EndpointBuilder builder)
    {
        EventStreamMetadata.AddTo(builder);
        builder.Metadata.Add(new ExcludeFromDescriptionAttribute());
    }

    /// <summary>Removes the names of the endpoint, which must be unique.</summary>
    private static void RemoveNames(EndpointBuilder builder)
    {
        for (var i = builder.Metadata.Count - 1; i >= 0; i--)
        {
            if (builder.Metadata[i] is IEndpointNameMetadata or IRouteNameMetadata)
                builder.Metadata.RemoveAt(i);
        }
    }
}
