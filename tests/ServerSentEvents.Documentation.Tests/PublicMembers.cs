using System.Reflection;
using System.Xml.Linq;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>The public types of the packages, and their XML documentation.</summary>
internal static class PublicMembers
{
    private static readonly Dictionary<string, XElement> Documentation = Directory
        .EnumerateFiles(AppContext.BaseDirectory, "ServerSentEvents*.xml")
        .Where(file => !file.EndsWith(".Tests.xml", StringComparison.Ordinal))
        .SelectMany(file => XDocument.Load(file).Descendants("member"))
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
            let name = method.IsConstructor ? "#ctor" : method.Name
            let start = $"M:{type.FullName!.Replace('+', '.')}.{name}"
            let found = Documentation.Where(entry => IsNamed(entry.Key, start)).Select(entry => entry.Value)
                .FirstOrDefault(member => ParametersOf(member).SequenceEqual(method.GetParameters().Select(parameter => parameter.Name)))
            where found is not null
            select (method, found);
    }

    private static bool IsNamed(string key, string start) =>
        key.StartsWith(start, StringComparison.Ordinal) && (key.Length == start.Length || key[start.Length] is '(' or '`');

    private static IEnumerable<string> ParametersOf(XElement member) =>
        member.Elements("param").Select(parameter => parameter.Attribute("name")!.Value);
}
