namespace ServerSentEvents.Backplane.Tests;

/// <summary>Tests the dependencies of the package.</summary>
public sealed class AssemblyTests
{
    [Fact]
    public void Engine_ReferencedAssemblies_AreNotOfAspNetCore()
    {
        var seen = new Dictionary<string, System.Reflection.Assembly>(StringComparer.Ordinal);
        Collect(typeof(StreamPublisher).Assembly, seen);

        seen.Keys.Should().Contain(["ServerSentEvents", "Microsoft.Extensions.Hosting.Abstractions"]);
        seen.Keys.Should().NotContain(name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    /// <summary>Collects the assemblies that an assembly needs, directly or through others. Those of .NET need only .NET.</summary>
    private static void Collect(System.Reflection.Assembly assembly, Dictionary<string, System.Reflection.Assembly> seen)
    {
        foreach (var reference in assembly.GetReferencedAssemblies())
        {
            if (reference.Name!.StartsWith("System.", StringComparison.Ordinal) || seen.ContainsKey(reference.Name))
                continue;
            var loaded = System.Reflection.Assembly.Load(reference);
            seen.Add(reference.Name, loaded);
            Collect(loaded, seen);
        }
    }
}
