namespace ServerSentEvents.Systematic.Exploration;

/// <summary>A replacement for <see cref="ExecutionContext"/>, because Coyote refuses code that suppresses its flow.</summary>
internal static class UnsuppressedContext
{
    public static bool IsFlowSuppressed() => true;

    public static IDisposable? SuppressFlow() => null;
}
