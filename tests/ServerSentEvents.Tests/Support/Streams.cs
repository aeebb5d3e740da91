namespace ServerSentEvents.Tests;

/// <summary>Reads streams in tests. Every wait has a limit.</summary>
internal static class Streams
{
    /// <summary>The limit of every wait. It is generous, because only a failing test reaches it.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Reads all elements. Fails if the end does not come in time.</summary>
    internal static Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> stream) =>
        Collect(stream).WaitAsync(Limit);

    /// <summary>Reads the next element. Fails if the stream ends or nothing comes in time.</summary>
    internal static async Task<T> NextAsync<T>(this IAsyncEnumerator<T> reader)
    {
        (await reader.MoveNextAsync().AsTask().WaitAsync(Limit)).Should().BeTrue("the stream should not have ended");
        return reader.Current;
    }

    /// <summary>Expects the end of the stream. Fails if an element comes first, or if the end does not come in time.</summary>
    internal static async Task ShouldEndAsync<T>(this IAsyncEnumerator<T> reader) =>
        (await reader.MoveNextAsync().AsTask().WaitAsync(Limit)).Should().BeFalse("the stream should have ended");

    private static async Task<List<T>> Collect<T>(IAsyncEnumerable<T> stream)
    {
        var list = new List<T>();
        await foreach (var element in stream)
            list.Add(element);
        return list;
    }
}
