namespace ServerSentEvents.Tests;

/// <summary>A source whose elements are there at once. It records how it is used.</summary>
internal sealed class TestSource<T>(IEnumerable<T> items) : IAsyncEnumerable<T>
{
    private int _pulled;

    /// <summary>The number of elements that were taken, with the one that waits for its publication.</summary>
    internal int Pulled => Volatile.Read(ref _pulled);

    internal int Enumerations { get; private set; }

    internal int Disposals { get; private set; }

    internal CancellationToken Token { get; private set; }

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        Enumerations++;
        Token = cancellationToken;
        return new Enumerator(this, items.GetEnumerator());
    }

    private sealed class Enumerator(TestSource<T> source, IEnumerator<T> items) : IAsyncEnumerator<T>
    {
        public T Current => items.Current;

        public ValueTask<bool> MoveNextAsync()
        {
            if (!items.MoveNext())
                return new(false);
            Interlocked.Increment(ref source._pulled);
            return new(true);
        }

        public ValueTask DisposeAsync()
        {
            source.Disposals++;
            items.Dispose();
            return default;
        }
    }
}
