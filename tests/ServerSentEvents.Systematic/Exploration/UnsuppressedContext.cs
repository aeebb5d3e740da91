namespace ServerSentEvents.Systematic.Exploration;

/// <summary>A replacement for <see cref="ExecutionContext"/>. Coyote refuses code that stops the flow of the real one.</summary>
internal static class UnsuppressedContext
{
    public static bool IsFlowSuppressed() => true;

    public static IDisposable? SuppressFlow() => null;
}
