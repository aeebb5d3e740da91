using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures the memory that a subscribe allocates and does not keep.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class SubscribeMemoryTests(ITestOutputHelper output)
{
    private const int Count = 10_000;

    /// <summary>
    /// Garbage between the subscribers would leave them at irregular distances in memory, and slow down a publish to many of
    /// them.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Subscribe_WithoutInitialData_AllocatesOnlyWhatItKeeps(bool hasOptions)
    {
        var publisher = new Publisher();
        var options = new SubscribeOptions<object?>();
        Func<Subscription<object?>> subscribe = hasOptions ? () => publisher.Subscribe(options) : () => publisher.Subscribe();
        // The channel grows now, and keeps its room.
        var earlier = Enumerable.Range(0, Count + (Count / 2)).Select(_ => subscribe()).ToList();
        earlier.Take(Count).ToList().ForEach(subscription => subscription.Dispose());
        earlier.RemoveRange(0, Count);
        var subscriptions = new Subscription<object?>[Count];

        var heldBefore = GC.GetTotalMemory(forceFullCollection: true);
        var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Count; i++)
            subscriptions[i] = subscribe();
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - allocatedBefore) / (double)Count;
        var held = (GC.GetTotalMemory(forceFullCollection: true) - heldBefore) / (double)Count;

        output.WriteLine($"{allocated:F1} bytes allocated for each subscription, {held:F1} of them kept");
        allocated.Should().BeLessThan(held + 8, "the smallest object takes 24 bytes");
        GC.KeepAlive(publisher);
        GC.KeepAlive(earlier);
        GC.KeepAlive(subscriptions);
    }
}
