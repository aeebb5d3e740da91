using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.Routing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The metadata of endpoints that answer with a stream, for OpenAPI and for middleware.</summary>
internal static class EventStreamMetadata
{
    /// <summary>Describes the endpoint of a handler that returns a result.</summary>
    internal static void AddTo(EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status200OK, typeof(string), [EventStreamResponse.ContentType]));
        // Without it, the output cache would send the recorded stream of one client to others, and let the others wait.
        builder.Metadata.Add(new OutputCacheAttribute { NoStore = true });
#if NET10_0_OR_GREATER
        builder.Metadata.Add(NoLoginRedirect.Instance);
#endif
    }

    /// <summary>Describes a mapped endpoint, whose method has no parameters that could tell about the route.</summary>
    internal static void AddTo(EndpointBuilder builder, MethodInfo method)
    {
        // OpenAPI describes endpoints that have a method.
        builder.Metadata.Add(method);
        builder.Metadata.Add(MappedEndpoint.Instance);
        AddTo(builder);
        foreach (var parameter in ((RouteEndpointBuilder)builder).RoutePattern.Parameters)
            builder.Metadata.Add(new RouteParameter(parameter.Name, parameter.IsOptional || parameter.Default is not null, method));
    }

    /// <summary>Marks an endpoint of <c>MapServerSentEvents</c>.</summary>
    internal sealed class MappedEndpoint
    {
        internal static readonly MappedEndpoint Instance = new();
    }

    /// <summary>A string of the route, as the parameter of a handler.</summary>
    private sealed class RouteParameter(string name, bool isOptional, MethodInfo method) : IParameterBindingMetadata
    {
        /// <inheritdoc/>
        public string Name => name;

        /// <inheritdoc/>
        public bool HasTryParse => false;

        /// <inheritdoc/>
        public bool HasBindAsync => false;

        /// <inheritdoc/>
        public ParameterInfo ParameterInfo { get; } = new StringParameter(name, method);

        /// <inheritdoc/>
        public bool IsOptional => isOptional;
    }

    /// <summary>A parameter that its method does not declare. It has no attributes.</summary>
    private sealed class StringParameter : ParameterInfo
    {
        internal StringParameter(string name, MethodInfo method)
        {
            NameImpl = name;
            ClassImpl = typeof(string);
            MemberImpl = method;
        }

        public override bool HasDefaultValue => false;

        public override object? DefaultValue => null;

        public override object[] GetCustomAttributes(Type attributeType, bool inherit) => Array.Empty<Attribute>();

        public override IList<CustomAttributeData> GetCustomAttributesData() => [];
    }

#if NET10_0_OR_GREATER
    /// <summary>Makes cookie authentication answer 401 or 403, because a client of events cannot use a login page.</summary>
    private sealed class NoLoginRedirect : IDisableCookieRedirectMetadata
    {
        internal static readonly NoLoginRedirect Instance = new();
    }
#endif
}
