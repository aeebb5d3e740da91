namespace ServerSentEvents.Testing;

/// <summary>Reads streams in tests. Every wait has a limit.</summary>
public static class Streams
{
    /// <summary>Reads all elements. Fails if the end does not come in time.</summary>
    public static Task<T[]> ToArrayAsync<T>(this IAsyncEnumerable<T> stream) =>
        Collect(stream).WithinPatience();

    /// <summary>Reads the next element. Fails if the stream ends or nothing comes in time.</summary>
    public static async Task<T> NextAsync<T>(this IAsyncEnumerator<T> reader)
    {
        (await reader.MoveNextAsync().WithinPatience()).Should().BeTrue("the stream should not have ended");
        return reader.Current;
    }

    /// <summary>Expects the end of the stream. Fails if an element comes first, or if the end does not come in time.</summary>
    public static async Task ShouldEndAsync<T>(this IAsyncEnumerator<T> reader) =>
        (await reader.MoveNextAsync().WithinPatience()).Should().BeFalse("the stream should have ended");

    private static async Task<T[]> Collect<T>(IAsyncEnumerable<T> stream)
    {
        var list = new List<T>();
        await foreach (var element in stream)
            list.Add(element);
        return [.. list];
    }
}
