namespace ServerSentEvents.Tests;

/// <summary>Ways to read a stream in a test, none of which can wait for ever.</summary>
internal static class Streams
{
    /// <summary>Generous: only a test that has failed waits for so long.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Everything up to the end of the stream, which has to come.</summary>
    internal static Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> stream) =>
        Collect(stream).WaitAsync(Limit);

    /// <summary>The next element, which has to come.</summary>
    internal static async Task<T> NextAsync<T>(this IAsyncEnumerator<T> reader)
    {
        (await reader.MoveNextAsync().AsTask().WaitAsync(Limit)).Should().BeTrue("the stream has not ended");
        return reader.Current;
    }

    /// <summary>The end of the stream, which has to come.</summary>
    internal static async Task ShouldEndAsync<T>(this IAsyncEnumerator<T> reader) =>
        (await reader.MoveNextAsync().AsTask().WaitAsync(Limit)).Should().BeFalse("the stream has ended");

    private static async Task<List<T>> Collect<T>(IAsyncEnumerable<T> stream)
    {
        var list = new List<T>();
        await foreach (var element in stream)
            list.Add(element);
        return list;
    }
}
