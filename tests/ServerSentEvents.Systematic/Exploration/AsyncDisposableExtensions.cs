using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents;

/// <summary>
/// A replacement for the method of the .NET libraries, whose awaitable Coyote does not rewrite. The compiler prefers the method
/// of an enclosing namespace.
/// </summary>
internal static class AsyncDisposableExtensions
{
    [SuppressMessage("Style", "IDE0060", Justification = "Coyote ignores the option.")]
    internal static IAsyncDisposable ConfigureAwait(this IAsyncDisposable source, bool continueOnCapturedContext) => source;
}
