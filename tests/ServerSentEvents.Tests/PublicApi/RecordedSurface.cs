using System.Reflection;

namespace ServerSentEvents.Tests.PublicApi;

/// <summary>What is checked in of an assembly's public surface.</summary>
internal static class RecordedSurface
{
    private const string UpdateVariable = "UPDATE_PUBLIC_API";

    /// <summary>Fails where the assembly promises something else than its project's PublicApi.txt says.</summary>
    internal static void ShouldBeOf(Assembly assembly)
    {
        var file = $"src/{assembly.GetName().Name}/PublicApi.txt";
        var path = RepositoryFiles.PathOf(file);
        string[] actual = [.. PublicSurface.Of(assembly)];
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllText(path, string.Concat(actual.Select(line => line + "\n")));

        string[] recorded = File.Exists(path) ? File.ReadAllLines(path) : [];
        if (!actual.SequenceEqual(recorded, StringComparer.Ordinal))
            Assert.Fail(Difference(file, recorded, actual));
    }

    private static string Difference(string file, string[] recorded, string[] actual)
    {
        var before = WithTypes(recorded);
        var after = WithTypes(actual);
        var lines = before.Except(after, StringComparer.Ordinal).Select(line => "- " + line)
            .Concat(after.Except(before, StringComparer.Ordinal).Select(line => "+ " + line))
            .DefaultIfEmpty("(the same lines, in another order)");
        return $"""
            The public API is not what {file} records:
            {string.Join('\n', lines)}
            If the change is intended, record it: run the tests with the environment variable {UpdateVariable}=1.
            """;
    }

    /// <summary>Each member's line with that of its type, without which it could be any type's.</summary>
    private static List<string> WithTypes(string[] lines)
    {
        var type = "";
        return [.. lines.Select(line => line.StartsWith(' ') ? $"{type} {{ {line.Trim()} }}" : type = line)];
    }
}
