using System.Collections.Generic;
using System.Linq;
using Microsoft.Build.Framework;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Task = Microsoft.Build.Utilities.Task;

/// <summary>
/// A build task that redirects calls of an assembly to methods of one of its classes. A call to the .NET libraries is redirected
/// if the class has a static method of the same name and parameters. An instance is the first parameter.
/// </summary>
public sealed class RedirectCalls : Task
{
    /// <summary>The path of the assembly, which the task changes.</summary>
    [Required]
    public string Assembly { get; set; }

    /// <summary>The full name of the class with the methods.</summary>
    [Required]
    public string Replacement { get; set; }

    /// <summary>The namespaces whose calls are redirected, with the namespaces inside them.</summary>
    [Required]
    public string[] Namespaces { get; set; }

    public override bool Execute()
    {
        var parameters = new ReaderParameters { ReadWrite = true, ReadSymbols = true };
        using (var module = ModuleDefinition.ReadModule(Assembly, parameters))
        {
            var replacements = module.GetType(Replacement).Methods.Where(method => method.IsPublic).ToDictionary(Signature);
            var redirected = module.Types.Where(IsInNamespaces).SelectMany(WithNestedTypes)
                .SelectMany(type => type.Methods).Where(method => method.HasBody)
                .SelectMany(method => method.Body.Instructions).Count(call => TryRedirect(call, replacements));
            if (redirected > 0)
                module.Write(new WriterParameters { WriteSymbols = true });
        }

        return true;
    }

    private static bool TryRedirect(Instruction call, Dictionary<string, MethodDefinition> replacements)
    {
        if (!(call.Operand is MethodReference method) || !method.DeclaringType.Namespace.StartsWith("System")
            || !replacements.TryGetValue(Signature(method), out var replacement))
        {
            return false;
        }

        var arguments = new[] { (object)method.DeclaringType, method }.OfType<IGenericInstance>().SelectMany(each => each.GenericArguments);
        var target = new GenericInstanceMethod(replacement);
        foreach (var argument in arguments)
            target.GenericArguments.Add(argument);
        (call.OpCode, call.Operand) = (OpCodes.Call, target.HasGenericArguments ? (MethodReference)target : replacement);
        return true;
    }

    private static string Signature(MethodReference method)
    {
        var parameters = method.Parameters.Select(parameter => parameter.ParameterType);
        if (method.HasThis)
            parameters = parameters.Prepend(method.DeclaringType);
        return $"{method.Name}({string.Join(",", parameters.Select(Shape))})";
    }

    /// <summary>Returns the name of a type. The arguments of a generic instance have no names, except for other generic instances.</summary>
    private static string Shape(TypeReference type) => type is GenericInstanceType generic
        ? $"{generic.ElementType.FullName}<{string.Join(",", generic.GenericArguments.Select(each => each is GenericInstanceType ? Shape(each) : "T"))}>"
        : type.FullName;

    private bool IsInNamespaces(TypeDefinition type) =>
        Namespaces.Any(each => type.Namespace == each || type.Namespace.StartsWith(each + "."));

    private static IEnumerable<TypeDefinition> WithNestedTypes(TypeDefinition type) =>
        type.NestedTypes.SelectMany(WithNestedTypes).Prepend(type);
}
