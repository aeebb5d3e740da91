using System.Reflection;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests.PublicApi;

/// <summary>Members as they are declared in C#.</summary>
internal static class CSharpMembers
{
    private const string Protected = "protected ";

    /// <summary>A new one each time: it is not safe to share, and tests run side by side.</summary>
    private static NullabilityInfoContext Nullability => new();

    /// <summary>Null for what nobody outside the assembly can reach, and for what is a part of another member.</summary>
    internal static string? Declaration(MemberInfo member) => member switch
    {
        FieldInfo field => Field(field),
        PropertyInfo property => Property(property),
        EventInfo { AddMethod: { } add } declared when Access(add) is { } access =>
            $"{access}{Modifiers(add)}event {Handler(declared)} {declared.Name}",
        ConstructorInfo { IsStatic: false } constructor when Access(constructor) is { } access =>
            $"{access}{CSharpTypes.SimpleName(constructor.DeclaringType!)}({Parameters(constructor)})",
        MethodInfo method when !IsAccessor(method) && Access(method) is { } access => access + Modifiers(method) + Method(method),
        _ => null,
    };

    internal static string Signature(MethodInfo method, string name) => $"{Result(method)} {name}({Parameters(method)})";

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? method.GetGenericArguments() : [];
        return method.Name switch
        {
            "op_Implicit" => $"implicit operator {Result(method)}({Parameters(method)})",
            "op_Explicit" => $"explicit operator {Result(method)}({Parameters(method)})",
            "op_Equality" => Signature(method, "operator =="),
            "op_Inequality" => Signature(method, "operator !="),
            var name => Signature(method, name + CSharpTypes.Arguments(generic.Select(type => type.Name)))
                + CSharpTypes.Constraints(generic),
        };
    }

    private static string Handler(EventInfo declared) =>
        CSharpTypes.Name(declared.EventHandlerType!, Nullability.Create(declared));

    private static string Result(MethodInfo method) =>
        CSharpTypes.Name(method.ReturnType, Nullability.Create(method.ReturnParameter));

    private static string Parameters(MethodBase method)
    {
        var extended = method.IsDefined(typeof(ExtensionAttribute), inherit: false) ? "this " : "";
        return extended + string.Join(", ", method.GetParameters().Select(Parameter));
    }

    private static string Parameter(ParameterInfo parameter)
    {
        var passing = parameter switch
        {
            { IsOut: true } => "out ",
            { IsIn: true, ParameterType.IsByRef: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute)) => "params ",
            _ => "",
        };
        var type = parameter.ParameterType;
        var value = parameter.HasDefaultValue ? " = " + CSharpTypes.Literal(parameter.RawDefaultValue, type) : "";
        return $"{passing}{CSharpTypes.Name(type, Nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private static string? Field(FieldInfo field)
    {
        if (field.IsSpecialName || !(field.IsPublic || IsProtected(field.IsFamily || field.IsFamilyOrAssembly, field)))
            return null;
        if (field.DeclaringType!.IsEnum)
            return $"{field.Name} = {field.GetRawConstantValue()}";

        var value = field.IsLiteral ? " = " + CSharpTypes.Literal(field.GetRawConstantValue(), field.FieldType) : "";
        var modifiers = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        var access = field.IsPublic ? "public " : Protected;
        return $"{access}{modifiers}{CSharpTypes.Name(field.FieldType, Nullability.Create(field))} {field.Name}{value}";
    }

    private static string? Property(PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(accessor => Access(accessor) is not null).ToArray();
        if (accessors.Length == 0)
            return null;

        // The property is as open as its more open accessor; only the other one says that it is protected.
        var widest = accessors.FirstOrDefault(accessor => accessor.IsPublic) ?? accessors[0];
        var access = Access(widest)!;
        var verbs = accessors.Select(accessor => $"{(Access(accessor) == access ? "" : Protected)}{Verb(property, accessor)}; ");
        var indices = property.GetIndexParameters();
        var name = indices.Length == 0 ? property.Name : $"this[{string.Join(", ", indices.Select(Parameter))}]";
        var required = property.IsDefined(typeof(RequiredMemberAttribute), inherit: false) ? "required " : "";
        var type = CSharpTypes.Name(property.PropertyType, Nullability.Create(property));
        return $"{access}{required}{Modifiers(widest)}{type} {name} {{ {string.Concat(verbs)}}}";
    }

    private static string Verb(PropertyInfo property, MethodInfo accessor)
    {
        if (accessor == property.GetMethod)
            return "get";
        var modifiers = accessor.ReturnParameter.GetRequiredCustomModifiers();
        return modifiers.Any(modifier => modifier.Name == nameof(IsExternalInit)) ? "init" : "set";
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic)
            return method.IsAbstract ? "static abstract " : "static ";
        if (!method.IsVirtual || method.DeclaringType!.IsInterface)
            return "";
        if (method.GetBaseDefinition() != method)
            return method.IsFinal ? "sealed override " : "override ";

        // What implements an interface is virtual and final to the runtime, and nothing to C#.
        return (method.IsAbstract, method.IsFinal) switch { (true, _) => "abstract ", (_, true) => "", _ => "virtual " };
    }

    private static string? Access(MethodBase method)
    {
        if (method.IsPublic)
            return "public ";
        return IsProtected(method.IsFamily || method.IsFamilyOrAssembly, method) ? Protected : null;
    }

    /// <summary>Nobody can derive from a sealed type, so that nothing of it is protected for anybody.</summary>
    private static bool IsProtected(bool isFamily, MemberInfo member) => isFamily && !member.DeclaringType!.IsSealed;

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);
}
