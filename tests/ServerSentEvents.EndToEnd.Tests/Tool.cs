namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// The one place that decides what becomes of tests that need a program where there is none: they are skipped, but where
/// the environment variable CI is "true" they fail.
/// </summary>
internal static partial class Tool
{
    internal static void Require(bool found, string advice, string? ci)
    {
        if (!found && ci == "true")
            throw new InvalidOperationException(advice);
        Skip.IfNot(found, advice);
    }
}
