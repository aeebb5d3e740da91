namespace ServerSentEvents.Backplane.Tests;

/// <summary>Moves a fake clock.</summary>
internal static class FakeTime
{
    /// <summary>Advances the clock in steps of a second, so that a timer is called in each of its periods.</summary>
    internal static void AdvanceSeconds(this FakeTimeProvider time, int seconds)
    {
        for (var second = 0; second < seconds; second++)
            time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Advances the clock until other threads, which wait for it, have brought about a condition.</summary>
    internal static Task AdvanceUntilAsync(this FakeTimeProvider time, Func<bool> condition) => Limits.UntilAsync(() =>
    {
        if (condition())
            return true;
        time.Advance(TimeSpan.FromMilliseconds(100));
        return false;
    });

    /// <summary>Starts a node whose clock a test moves.</summary>
    internal static async Task<TestNode> StartNodeAsync(
        this FakeTimeProvider time, IStreamTransport transport, Action<TestOptions>? configure = null) =>
        await TestNode.StartAsync(transport, options =>
        {
            options.TimeProvider = time;
            configure?.Invoke(options);
        });
}
