using System.Reflection;
using System.Xml.Linq;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>The public types of the packages, and their XML documentation.</summary>
internal static class PublicMembers
{
    /// <summary>The XML documentation of each package, which the build copies beside the package's assembly.</summary>
    internal static readonly XElement[] All =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "ServerSentEvents*.xml")
            .Where(file => !Path.GetFileNameWithoutExtension(file).EndsWith(".Tests", StringComparison.Ordinal)
                && !Path.GetFileNameWithoutExtension(file).EndsWith(".Testing", StringComparison.Ordinal))
            .SelectMany(file => XDocument.Load(file).Descendants("member")),
    ];

    /// <summary>The documentation by name. Internal types that two packages compile have one name.</summary>
    private static readonly Dictionary<string, XElement> Documentation =
        All.DistinctBy(member => member.Attribute("name")!.Value)
            .ToDictionary(member => member.Attribute("name")!.Value, StringComparer.Ordinal);

    /// <summary>The public types of all packages.</summary>
    internal static IEnumerable<Type> Types =>
        from package in new[] { "", ".AspNetCore", ".Backplane", ".Client", ".RabbitMQ", ".Redis" }
        from type in Assembly.Load($"ServerSentEvents{package}").GetExportedTypes()
        select type;

    /// <summary>Returns the documentation of a type.</summary>
    internal static XElement Of(Type type) => Documentation[$"T:{type.FullName!.Replace('+', '.')}"];

    /// <summary>Returns the documentation of the methods and constructors of a type that are documented there.</summary>
    internal static IEnumerable<(MethodBase Method, XElement Documentation)> MethodsOf(Type type)
    {
        const BindingFlags declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return
            from method in type.GetMethods(declared).Cast<MethodBase>().Concat(type.GetConstructors(declared))
            let found = Documentation.GetValueOrDefault(IdOf(type, method))
            where found is not null
            select (method, found);
    }

    /// <summary>Returns the name of a method in XML documentation.</summary>
    private static string IdOf(Type type, MethodBase method)
    {
        var name = method.IsConstructor ? "#ctor" : method.Name;
        var arity = method.IsGenericMethod ? $"``{method.GetGenericArguments().Length}" : "";
        var types = string.Join(',', method.GetParameters().Select(parameter => IdOf(parameter.ParameterType)));
        return $"M:{type.FullName!.Replace('+', '.')}.{name}{arity}{(types.Length == 0 ? "" : $"({types})")}";
    }

    private static string IdOf(Type type) => type switch
    {
        { IsGenericMethodParameter: true } => $"``{type.GenericParameterPosition}",
        { IsGenericParameter: true } => $"`{type.GenericParameterPosition}",
        { IsArray: true } => $"{IdOf(type.GetElementType()!)}[]",
        { IsGenericType: true } =>
            $"{type.GetGenericTypeDefinition().FullName!.Split('`')[0]}{{{string.Join(',', type.GetGenericArguments().Select(IdOf))}}}",
        _ => type.FullName!.Replace('+', '.'),
    };
}
