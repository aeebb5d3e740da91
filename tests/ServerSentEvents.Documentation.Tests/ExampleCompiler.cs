using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Compiles a text as the only file of a project with implicit usings and nullable references.</summary>
internal static class ExampleCompiler
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private const string ImplicitUsingsOfTheWeb = """
        global using System.Net.Http.Json;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;

        """;

    /// <summary>The warning of a local function that is not called. An example can show one that the reader calls.</summary>
    private const string UncalledFunction = "CS8321";

    /// <summary>The assemblies of the runtime, and of everything that this project refers to.</summary>
    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private static readonly ISourceGenerator JsonGenerator = CreateJsonGenerator();

    /// <summary>Returns the errors and warnings of an example; none if it compiles.</summary>
    internal static IEnumerable<string> Problems(string code) => Problems(code, ImplicitUsings);

    /// <summary>Returns the errors and warnings of a file in a project of the Web SDK; none if it compiles.</summary>
    internal static IEnumerable<string> ProblemsOfWebProgram(string code) => Problems(code, ImplicitUsingsOfTheWeb + ImplicitUsings);

    private static IEnumerable<string> Problems(string code, string implicitUsings)
    {
        var example = CSharpSyntaxTree.ParseText(code);
        // Top-level statements make a program. Types alone make a library.
        var isProgram = example.GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any();
        var options = new CSharpCompilationOptions(
            isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
            nullableContextOptions: NullableContextOptions.Enable);
        var compilation = CSharpCompilation.Create(
            "Example", [CSharpSyntaxTree.ParseText(implicitUsings), example], References, options);
        CSharpGeneratorDriver.Create(JsonGenerator)
            .RunGeneratorsAndUpdateCompilation(compilation, out var generated, out var problems);
        return
            from problem in generated.GetDiagnostics().Concat(problems)
            where problem.Severity >= DiagnosticSeverity.Warning && problem.Id != UncalledFunction
            select problem.ToString();
    }

    private static ISourceGenerator CreateJsonGenerator()
    {
        var path = typeof(ExampleCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "JsonGenerator").Value!;
        var generator = Assembly.LoadFrom(path).GetTypes().Single(type => type.IsDefined(typeof(GeneratorAttribute)));
        return ((IIncrementalGenerator)Activator.CreateInstance(generator)!).AsSourceGenerator();
    }
}
