namespace ServerSentEvents.AspNetCore.Tests;

internal static class FakeTimeProviderExtensions
{
    /// <summary>Advances the clock by one duration after another.</summary>
    /// <remarks>
    /// A single advance sets the clock to its end before any timer runs. A timer that another timer's callback creates
    /// would then start at that end.
    /// </remarks>
    internal static void AdvanceInTurn(this FakeTimeProvider time, params ReadOnlySpan<TimeSpan> durations)
    {
        foreach (var duration in durations)
            time.Advance(duration);
    }
}
