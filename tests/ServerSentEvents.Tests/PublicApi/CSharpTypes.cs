using System.Globalization;
using System.Reflection;

namespace ServerSentEvents.Tests.PublicApi;

/// <summary>
/// Types and values as they are written in C#. Reference types that can be null are marked where reflection has a way to
/// tell: not on bare type parameters, not within base types, and not in constraints.
/// </summary>
internal static class CSharpTypes
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    /// <summary>A type's own name where it is declared, with its namespace and its parameters' names.</summary>
    internal static string FullName(Type type)
    {
        var outer = type.DeclaringType is { } declaring ? FullName(declaring) : type.Namespace;
        var parameters = OwnArguments(type).Select(parameter => Variance(parameter.GenericParameterAttributes) + parameter.Name);
        return $"{outer}.{SimpleName(type)}{Arguments(parameters)}";
    }

    /// <summary>A type's name without its namespace and its parameters.</summary>
    internal static string SimpleName(Type type) => type.Name.Split('`')[0];

    internal static string Arguments(IEnumerable<string> arguments) =>
        string.Join(", ", arguments) is { Length: > 0 } list ? $"<{list}>" : "";

    /// <summary>A type where it is used.</summary>
    internal static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!, nullability?.ElementType ?? nullability);
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying, nullability) + "?";

        var mark = IsNullable(nullability) && !type.IsValueType && !type.IsGenericParameter ? "?" : "";
        if (type.IsArray)
            return $"{Name(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        return Keywords.TryGetValue(type, out var keyword) ? keyword + mark : Nested(type, nullability) + mark;
    }

    internal static string Constraints(Type[] parameters) => string.Concat(parameters
        .Select(parameter => (parameter.Name, Constraints: string.Join(", ", ConstraintsOf(parameter))))
        .Where(parameter => parameter.Constraints != "")
        .Select(parameter => $" where {parameter.Name} : {parameter.Constraints}"));

    internal static string Literal(object? value, Type type)
    {
        var underlying = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => type.IsGenericParameter || (type.IsValueType && underlying == type) ? "default" : "null",
            string text => $"\"{text}\"",
            bool truth => truth ? "true" : "false",
            _ when underlying.IsEnum => $"{Name(underlying)}.{Enum.ToObject(underlying, value)}",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static string Nested(Type type, NullabilityInfo? nullability)
    {
        if (type.IsGenericParameter)
            return type.Name;

        var known = nullability?.GenericTypeArguments ?? [];
        var all = type.GetGenericArguments();
        var own = OwnArguments(type).Select(argument => Array.IndexOf(all, argument))
            .Select(index => Name(all[index], index < known.Length ? known[index] : null));
        var outer = type.DeclaringType is { } declaring ? $"{SimpleName(declaring)}." : "";
        return $"{outer}{SimpleName(type)}{Arguments(own)}";
    }

    /// <summary>A nested type repeats the parameters of the one around it.</summary>
    private static IEnumerable<Type> OwnArguments(Type type) =>
        type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0);

    private static bool IsNullable(NullabilityInfo? nullability) =>
        nullability is { ReadState: NullabilityState.Nullable } or { WriteState: NullabilityState.Nullable };

    private static string Variance(GenericParameterAttributes attributes)
    {
        if (attributes.HasFlag(GenericParameterAttributes.Covariant))
            return "out ";
        return attributes.HasFlag(GenericParameterAttributes.Contravariant) ? "in " : "";
    }

    private static IEnumerable<string> ConstraintsOf(Type parameter)
    {
        var attributes = parameter.GenericParameterAttributes;
        var isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            yield return "class";
        if (isStruct)
            yield return "struct";
        foreach (var type in parameter.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)))
            yield return Name(type);
        if (attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct)
            yield return "new()";
    }
}
