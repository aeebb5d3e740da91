using System.Reflection;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests.PublicApi;

/// <summary>
/// What an assembly promises to those who compile against it: its public types, and their public and protected members,
/// in a form near to C#. Attributes are left out, so that builds for different frameworks can promise the same.
/// </summary>
internal static class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    /// <summary>A line for each type, and below it an indented line for each of its members; both in ordinal order.</summary>
    internal static IEnumerable<string> Of(Assembly assembly) =>
        assembly.GetExportedTypes()
            .Where(IsWritten)
            .OrderBy(CSharpTypes.FullName, StringComparer.Ordinal)
            .SelectMany(type => Members(type).Order(StringComparer.Ordinal).Select(line => "    " + line).Prepend(Header(type)));

    private static string Header(Type type)
    {
        var name = CSharpTypes.FullName(type);
        var constraints = CSharpTypes.Constraints(type.GetGenericArguments());
        if (Delegate(type) is { } invoke)
            return $"public delegate {CSharpMembers.Signature(invoke, name)}{constraints}";

        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => $"{(IsReadOnly(type) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = string.Join(", ", Bases(type));
        return $"public {kind} {name}{(bases == "" ? "" : " : ")}{bases}{constraints}";
    }

    /// <summary>The base type and the interfaces that neither it nor another of them brings along.</summary>
    private static IEnumerable<string> Bases(Type type)
    {
        if (type.IsEnum)
            return [CSharpTypes.Name(type.GetEnumUnderlyingType())];

        var inherited = type.GetInterfaces().Append(type.BaseType).OfType<Type>().SelectMany(parent => parent.GetInterfaces());
        var own = type.GetInterfaces().Except(inherited).Where(parent => parent.IsVisible)
            .Select(parent => CSharpTypes.Name(parent)).Order(StringComparer.Ordinal);
        return type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType)
            ? own.Prepend(CSharpTypes.Name(parent))
            : own;
    }

    private static IEnumerable<string> Members(Type type) => Delegate(type) is not null
        ? []
        : type.GetMembers(Declared).Where(IsWritten).Select(CSharpMembers.Declaration).OfType<string>();

    private static MethodInfo? Delegate(Type type) =>
        type.IsSubclassOf(typeof(Delegate)) ? type.GetMethod("Invoke") : null;

    /// <summary>Not so what the compiler made of itself, by its mark or by a name that nobody can write.</summary>
    private static bool IsWritten(MemberInfo member) =>
        !member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
        && !member.Name.Contains('<', StringComparison.Ordinal);

    /// <summary>By name, since a build for an older framework brings its own attributes.</summary>
    private static bool IsReadOnly(Type type) =>
        type.CustomAttributes.Any(attribute => attribute.AttributeType.Name == nameof(IsReadOnlyAttribute));
}
