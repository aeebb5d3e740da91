namespace ServerSentEvents.Testing;

/// <summary>Programs that tests need and that a machine may lack.</summary>
public static class Tool
{
    /// <summary>Returns the path of the first name that is in a directory of a search path; null for none.</summary>
    public static string? Find(string? searchPath, params string[] names) =>
        (from name in names
         from directory in (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
         let file = Path.Combine(directory, name)
         where File.Exists(file)
         select file).FirstOrDefault();

    /// <summary>Skips a test if a program is missing. If the environment variable CI is "true", the test fails instead.</summary>
    /// <param name="found">True if the program is there.</param>
    /// <param name="advice">The command that installs it.</param>
    /// <param name="ci">The value of the environment variable.</param>
    public static void Require(bool found, string advice, string? ci)
    {
        if (!found && ci == "true")
            throw new InvalidOperationException(advice);
        Skip.IfNot(found, advice);
    }

    /// <inheritdoc cref="Require(bool, string, string?)"/>
    public static void Require(bool found, string advice) => Require(found, advice, Environment.GetEnvironmentVariable("CI"));
}
