namespace ServerSentEvents.EndToEnd.Tests;

/// <content>Apart, for programs that look for others and are no tests.</content>
internal static partial class Tool
{
    /// <summary>The first of the names, in the first of the path's directories that has it.</summary>
    internal static string? Find(string? path, params string[] names) =>
        (from name in names
         from directory in (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
         let file = Path.Combine(directory, name)
         where File.Exists(file)
         select file).FirstOrDefault();
}
