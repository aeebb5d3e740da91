#if NET9_0_OR_GREATER
using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>A parameter of a route, described to OpenAPI as if the method of the endpoint declared it as a string.</summary>
internal sealed class RouteParameter(RoutePatternParameterPart part, MethodInfo method) : IParameterBindingMetadata
{
    /// <inheritdoc/>
    public string Name => part.Name;

    /// <inheritdoc/>
    public bool HasTryParse => false;

    /// <inheritdoc/>
    public bool HasBindAsync => false;

    /// <inheritdoc/>
    public bool IsOptional => part.IsOptional || part.Default is not null;

    /// <inheritdoc/>
    public ParameterInfo ParameterInfo { get; } = new StringParameter(part.Name, method);

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
}
#endif
