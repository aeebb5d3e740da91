namespace ServerSentEvents.Testing;

/// <summary>
/// Finds the files of the checkout. The search starts at the folder of the running test, because a deterministic build
/// hides the paths that the compiler knew.
/// </summary>
public static class RepositoryFiles
{
    private const string Solution = "ServerSentEvents.sln";

    private static readonly string Root = FindRoot();

    public static string PathOf(string relativePath) => Path.Combine(Root, relativePath);

    /// <summary>
    /// Returns the C# files of the solution's projects under a folder. A project compiles all C# files under its own folder.
    /// </summary>
    public static IEnumerable<string> CompiledFiles(string folder) =>
        from line in File.ReadLines(PathOf(Solution))
        from path in line.Split('"')
        where path.StartsWith($@"{folder}\", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal)
        let project = Path.GetDirectoryName(PathOf(path.Replace('\\', Path.DirectorySeparatorChar)))!
        from file in Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
        where !IsOutput(Path.GetRelativePath(project, file))
        select file;

    private static bool IsOutput(string path) => path.Split(Path.DirectorySeparatorChar)[0] is "bin" or "obj";

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
                return folder.FullName;
        }

        throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} contains {Solution}. Run the tests inside the checkout.");
    }
}
